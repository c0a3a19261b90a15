// Tabs by the ARIA pattern: one stop for the tab key; arrows, Home and End move and choose.

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

export class Tabs {
  constructor(list, panel, onChoose) {
    Object.assign(this, { list, panel, onChoose, chosen: null });
    list.addEventListener("keydown", (event) => this.#onKey(event));
    list.addEventListener("click", (event) => {
      const tab = event.target.closest("[role=tab]");
      if (tab) this.#pick(tab);
    });
  }

  // Shows these tabs, as [id, label], and keeps the chosen one and the focus.
  show(labels) {
    const wanted = new Map(labels);
    for (const tab of this.#all()) if (!wanted.has(tab.dataset.board)) tab.remove();
    for (const [id, label] of wanted) {
      const tab = this.#find(id) ?? this.#make(id);
      if (tab.textContent !== label) tab.textContent = label;
      const place = [...wanted.keys()].indexOf(id);
      if (this.list.children[place] !== tab) this.list.insertBefore(tab, this.list.children[place] ?? null);
    }
    this.#mark();
  }

  choose(id) {
    this.chosen = id;
    this.#mark();
    this.#find(id)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #make(id) {
    const tab = document.createElement("button");
    Object.assign(tab, { type: "button", role: "tab", id: `tab-${id}`, dir: "auto" });
    tab.setAttribute("aria-controls", this.panel.id);
    tab.dataset.board = id;
    return tab;
  }

  #mark() {
    const tabs = this.#all();
    const chosen = this.#find(this.chosen);
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === (chosen ?? tabs[0]) ? 0 : -1;
    }
    if (chosen) this.panel.setAttribute("aria-labelledby", chosen.id);
  }

  #onKey(event) {
    const tabs = this.#all();
    const now = tabs.indexOf(document.activeElement);
    if (now < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const places = { Home: 0, End: tabs.length - 1 };
    const next = places[event.key] ?? (event.key in STEPS ? (now + STEPS[event.key] + tabs.length) % tabs.length : null);
    if (next === null) return;
    event.preventDefault();
    tabs[next].focus();
    this.#pick(tabs[next]);
  }

  #pick(tab) {
    if (tab.dataset.board !== this.chosen) this.onChoose(tab.dataset.board);
  }

  #all() {
    return [...this.list.children];
  }

  #find(id) {
    return this.#all().find((tab) => tab.dataset.board === id);
  }
}
