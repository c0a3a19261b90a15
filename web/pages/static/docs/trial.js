// Trying a call out: its fields, and what comes back.

import { element, writeJson } from "./elements.js";
import { FreshBody } from "./fresh.js";
import { know, recall } from "./known.js";
import { examplesOf, jsonOf } from "./operations.js";
import { readToken } from "./token.js";

const SHOWN_CHARS = 4000;

/** The elements of a trial; each *Send* sends a body with ids and times of its own. */
export function makeTrial(entry, api) {
  const { operation } = entry;
  const asked = operation.parameters.map((parameter) => ask(operation, parameter));
  const content = jsonOf(operation.requestBody);
  const fresh = content ? new FreshBody(operation.operationId, examplesOf(content, api)[0]?.[1] ?? {}) : null;
  const body = fresh ? makeBody(operation, fresh) : null;
  const output = element("div", { class: "output", "aria-live": "polite" });
  const again = element("button", { type: "button", class: "plain", hidden: "" }, "Send the same again");
  const button = element("button", { type: "button" }, "Send");
  const run = () => send(entry, asked, body?.value, output);
  button.addEventListener("click", () => {
    // The page may have been open for longer than a timestamp is good for.
    if (body) body.value = fresh.next(body.value);
    again.hidden = !body;
    return run();
  });
  again.addEventListener("click", run);
  const bodyPart = body ? [element("label", { for: body.id }, "Body"), body] : [];
  return [element("h3", {}, "Try it"), ...asked.map(({ shown }) => shown), ...bodyPart, element("p", { class: "buttons" }, button, again), output];
}

function ask(operation, parameter) {
  const { name, required, example } = parameter;
  const id = `try-${operation.operationId}-${name}`;
  const input = element("input", { id, autocomplete: "off", spellcheck: "false", "data-parameter": name, "data-example": String(example) });
  // What need not be sent is only shown as it could be.
  if (required) input.value = recall(name, example);
  else input.placeholder = String(example ?? "");
  return { parameter, input, shown: element("p", {}, element("label", { for: id }, required ? `${name} (required)` : name), input) };
}

function makeBody(operation, fresh) {
  const rows = String(Math.min(fresh.first.split("\n").length + 1, 24));
  const body = element("textarea", { id: `try-${operation.operationId}-body`, rows, spellcheck: "false" });
  body.value = fresh.first;
  return body;
}

async function send({ path, method, operation }, asked, body, output) {
  const { address, headers } = place(path, asked);
  if (body) headers["Content-Type"] = "application/json";
  if (readToken()) headers.Authorization = `Bearer ${readToken()}`;
  try {
    const answer = await fetch(address, { method: method.toUpperCase(), headers, body, cache: "no-store" });
    const text = await answer.text();
    output.replaceChildren(...showAnswer(answer, text));
    if (operation.operationId === "actions.complete" && answer.status < 300) know("actionId", JSON.parse(text).actionId);
  } catch (error) {
    output.replaceChildren(element("p", { class: "bad" }, `No answer: ${error.message}`));
  }
}

function place(path, asked) {
  const headers = {};
  const query = new URLSearchParams();
  let address = path;
  for (const { parameter, input } of asked) {
    if (parameter.in === "path") address = address.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (input.value && parameter.in === "query") query.set(parameter.name, input.value);
    else if (input.value) headers[parameter.name] = input.value;
  }
  return { address: query.size ? `${address}?${query}` : address, headers };
}

function showAnswer(answer, text) {
  const isJson = (answer.headers.get("Content-Type") ?? "").startsWith("application/json");
  const value = isJson && text ? JSON.parse(text) : null;
  const code = value?.error?.code;
  const line = element(
    "p", { class: answer.ok ? "good" : "bad" }, element("strong", {}, `${answer.status} ${answer.statusText}`),
    ...(code ? [" · ", element("a", { href: value.error.docUrl }, `what ${code} means`)] : []),
  );
  if (value !== null) return [line, writeJson(value, "Answer of the server")];
  return text ? [line, element("pre", { tabindex: "0", role: "region", "aria-label": "Answer of the server" }, text.slice(0, SHOWN_CHARS))] : [line];
}
