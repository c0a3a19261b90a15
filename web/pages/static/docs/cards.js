// The cards: one for each operation, whose inside is made when it is opened first.

import { element, write, writeJson } from "./elements.js";
import { listFields, listParameters } from "./fields.js";
import { examplesOf, jsonOf, resolve, wordsOf } from "./operations.js";
import { makeTrial } from "./trial.js";

/** Shows the operations under the headings of their tags. */
export function showCards(place, groups, api) {
  const told = new Map(api.tags.map(({ name, description }) => [name, description]));
  const parts = [...groups].map(([tag, entries]) => element(
    "div", { "data-group": tag },
    element("h2", {}, tag),
    write("p", told.get(tag), { class: "quiet" }),
    ...entries.map((entry) => makeCard(entry, api)),
  ));
  place.replaceChildren(...parts);
}

function makeCard(entry, api) {
  const { path, method, operation } = entry;
  const card = element(
    "details", { id: operation.operationId, "data-words": wordsOf(entry, api) },
    element(
      "summary", {},
      element("span", { class: `method ${method}` }, method), element("code", {}, path),
      write("span", operation.summary, { class: "what" }),
      operation.security?.length === 0 ? element("span", { class: "public" }, "no token") : null,
    ),
  );
  card.addEventListener("toggle", () => { if (card.open) fill(card, entry, api); });
  return card;
}

function fill(card, entry, api) {
  if (card.querySelector(".inside")) return;
  const { operation } = entry;
  const content = jsonOf(operation.requestBody);
  const body = resolve(content?.schema, api);
  const fields = Object.keys(body?.properties ?? {}).length ? listFields(body, api) : write("p", "An empty object.");
  card.append(element(
    "div", { class: "inside" },
    write("p", operation.description),
    ...(body ? [element("h3", {}, "Body"), fields] : []),
    ...(operation.parameters.length ? [element("h3", {}, "Parameters"), listParameters(operation.parameters)] : []),
    element("h3", {}, "Answers"),
    element("ul", { class: "answers" }, ...Object.entries(operation.responses).map((answer) => showAnswer(answer, api))),
    ...makeTrial(entry, api),
  ));
}

function showAnswer([status, answer], api) {
  const codes = answer["x-error-codes"];
  const schema = jsonOf(answer)?.schema;
  return element(
    "li", {},
    element("strong", {}, element("code", {}, status)), " ",
    codes ? listCodes(codes) : write("span", answer.description), " ",
    codes || !schema?.$ref ? null : element("a", { href: `#schema-${schema.$ref.split("/").pop()}` }, "fields"),
    ...(codes ? [] : examplesOf(jsonOf(answer), api).map(([name, value]) => showExample(status, name, value))),
  );
}

function showExample(status, name, value) {
  const label = name === "example" ? `Example of ${status}` : `Example of ${status}: ${name}`;
  return element("figure", {}, element("figcaption", {}, label), writeJson(value, label));
}

function listCodes(codes) {
  const links = codes.map((code) => element("a", { href: `#error-${code}` }, element("code", {}, code)));
  return element("span", {}, ...links.flatMap((link, at) => (at ? [", ", link] : [link])));
}
