// The index of the operations, by tag.

import { element } from "./elements.js";

export function showIndex(place, groups) {
  const parts = [...groups].map(([tag, entries]) => element(
    "div", { "data-group": tag },
    element("p", { class: "tag" }, tag),
    element("ul", {}, ...entries.map(({ path, method, operation }) => element(
      "li", { "data-of": operation.operationId },
      element("a", { href: `#${operation.operationId}` }, element("span", { class: `method ${method}` }, method), element("span", {}, path)),
    ))),
  ));
  place.replaceChildren(...parts);
}
