// Plots over time: uPlot in the colours of the page, light and dark, with lines that differ by more
// than their colour. The picture is described in words by whoever draws it.

const DASHES = [[], [6, 4], [2, 3]];
const COLOURS = ["--leaf", "--waiting", "--bad"];
const AXIS_PIXELS = 60;
const WHOLE_STEPS = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();
const dark = matchMedia("(prefers-color-scheme: dark)");

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function axis(more) {
  return {
    stroke: () => colour("--quiet"),
    grid: { stroke: () => colour("--line"), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
    ...more,
  };
}

export class Plot {
  #plot;
  #holder;
  #watcher;
  #repaint = () => this.#plot.redraw(false);

  /**
   * @param {HTMLElement} holder where to draw; it decides the width, and has `role="img"`
   * @param {{names: string[], format: (value: number) => string, height?: number, range?: number[], stepped?: boolean, isWhole?: boolean}} wish
   *   `isWhole` for what is counted: the axis then has whole numbers only
   */
  constructor(holder, { names, format, height = 120, range = null, stepped = false, isWhole = false }) {
    this.#holder = holder;
    const paths = stepped ? uPlot.paths.stepped({ align: 1 }) : undefined;
    const lines = names.map((label, n) => ({ label, stroke: () => colour(COLOURS[n]), dash: DASHES[n], width: 2, paths, points: { show: false } }));
    const top = (_plot, low, high) => range ?? [Math.min(0, low ?? 0), high > 0 ? high * 1.1 : 1];
    this.#plot = new uPlot({
      width: this.#width(),
      height,
      legend: { show: false },
      cursor: { show: false },
      scales: { y: { range: top } },
      axes: [axis({ values: writeTimes, space: 70, size: 28 }), axis({ values: (_plot, splits) => splits.map(format), space: 34, size: AXIS_PIXELS, ...(isWhole && { incrs: WHOLE_STEPS }) })],
      series: [{}, ...lines],
    }, [[], ...names.map(() => [])], holder);
    this.#watcher = new ResizeObserver(() => this.#plot.setSize({ width: this.#width(), height }));
    this.#watcher.observe(holder);
    dark.addEventListener("change", this.#repaint);
  }

  /**
   * @param {number[]} times seconds since 1970, ascending
   * @param {(number | null)[][]} lines the values of each line; null is a gap
   * @param {string} words what the picture shows
   * @param {[number, number]} [span] the first and the last moment of the axis
   */
  show(times, lines, words, span) {
    this.#holder.setAttribute("aria-label", words);
    this.#plot.setData([times, ...lines]);
    if (span) this.#plot.setScale("x", { min: span[0], max: span[1] });
  }

  end() {
    this.#watcher.disconnect();
    dark.removeEventListener("change", this.#repaint);
    this.#plot.destroy();
  }

  #width() {
    return Math.max(120, this.#holder.clientWidth);
  }
}

function writeTimes(_plot, splits) {
  const step = splits.length > 1 ? splits[1] - splits[0] : 0;
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const parts = step >= 86400 ? { day: "numeric", month: "short" } : step < 60 ? { ...time, second: "2-digit" } : time;
  const write = new Intl.DateTimeFormat("en-GB", parts);
  return splits.map((at) => write.format(new Date(at * 1000)));
}
