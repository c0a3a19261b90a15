// @ts-check
// A connection over server-sent events, read with fetch: EventSource can send no token.

import { OWN } from "./channel.js";

/** @typedef {import("./socket_link.js").LinkListener} LinkListener */
/** @typedef {import("./socket_link.js").Link} Link */
/** @typedef {import("./channel.js").Channel} Channel */

const REACH_MS = 5_000;
const LOST = 1006;
const TOKEN_ENDED = 4401;

/**
 * Returns the address of the stream: beside that of the WebSockets, on the same server.
 *
 * @param {string} socketUrl
 * @param {URLSearchParams} query
 */
export function streamUrl(socketUrl, query) {
  const url = new URL(socketUrl.replace(/^ws/, "http"));
  url.pathname = url.pathname.replace(/\/ws$/, "/api/stream");
  url.search = query.toString();
  return url.href;
}

/**
 * Returns whether the server of this WebSocket answers over HTTP; what it says does not matter.
 *
 * @param {string} socketUrl
 */
export async function isReachable(socketUrl) {
  const url = new URL(socketUrl.replace(/^ws/, "http"));
  url.pathname = url.pathname.replace(/\/ws$/, "/health/live");
  try {
    await fetch(url, { mode: "no-cors", cache: "no-store", signal: AbortSignal.timeout(REACH_MS) });
    return true;
  } catch {
    return false;
  }
}

/**
 * Has these channels ask for a stream. All of one kind share their limit, the largest one; a stream
 * has one segment, that of all its boards: `left` are the channels of boards that it cannot have.
 * Returns the query too, and the id of the last event: where the channels stand, "" from the
 * beginning.
 *
 * @param {Channel[]} channels
 */
export function askForStream(channels) {
  const segment = channels.map(({ options }) => options.segment).findLast((one) => one) ?? null;
  const isIn = (/** @type {Channel} */ { name, options }) => (options.segment ?? null) === segment || !isOfBoard(name);
  const asked = channels.filter(isIn);
  const query = new URLSearchParams({ channels: asked.map(({ name }) => name).join(",") });
  if (segment) query.set("segment", segment);
  for (const [parameter, isOfKind] of KINDS) {
    const ofKind = asked.filter(({ name }) => isOfKind(name));
    const limit = Math.max(0, ...ofKind.map(({ options }) => options.limit ?? 0)) || undefined;
    if (limit) query.set(parameter, String(limit));
    for (const channel of ofKind) channel.ask(channel.name, limit);
  }
  for (const channel of asked) if (channel.name === OWN) channel.ask(OWN);
  return { query, eventId: writeEventId(asked, segment), left: channels.filter((channel) => !isIn(channel)) };
}

/** @param {string} name */
const isAround = (name) => name.startsWith("around:");
/** @param {string} name */
const isOfBoard = (name) => name !== OWN && name.split(":").length > (isAround(name) ? 2 : 1);

/** @type {[string, (name: string) => boolean][]} */
const KINDS = [
  ["limit", (name) => name !== OWN && !isAround(name)],
  ["neighbors", isAround],
];

/**
 * @param {Channel[]} channels
 * @param {string | null} segment
 */
function writeEventId(channels, segment) {
  const parts = channels.flatMap(({ name, since }) => (since ? [`${name}=${since.epoch}.${since.seq}`] : []));
  if (parts.length === 0) return "";
  // As RFC 3986 has it, which leaves less as it is.
  const quoted = encodeURIComponent(segment ?? "").replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return parts.join(";") + (quoted && `@${quoted}`);
}

/**
 * @param {string} url
 * @param {string} token
 * @param {string} eventId where the channels stand, "" from the beginning
 * @param {LinkListener} listener
 * @returns {Link}
 */
export function openStream(url, token, eventId, listener) {
  const abort = new AbortController();
  let isOver = false;
  /** @param {{ code: number, pauseMs: number }} end */
  const finish = ({ code, pauseMs }) => {
    if (isOver) return;
    isOver = true;
    listener.onClose(code, pauseMs);
  };
  read(url, token, eventId, abort.signal, listener).then(finish, () => finish({ code: LOST, pauseMs: 0 }));
  return {
    send: null,
    close() {
      isOver = true;
      abort.abort();
    },
  };
}

/**
 * @param {string} url
 * @param {string} token
 * @param {string} eventId
 * @param {AbortSignal} signal
 * @param {LinkListener} listener
 */
async function read(url, token, eventId, signal, listener) {
  const headers = { Authorization: `Bearer ${token}`, ...(eventId ? { "Last-Event-ID": eventId } : {}) };
  const answer = await fetch(url, { headers, signal, cache: "no-store" });
  if (answer.status !== 200 || !answer.body) return { code: answer.status === 401 ? TOKEN_ENDED : LOST, pauseMs: 1000 * (Number(answer.headers.get("Retry-After")) || 0) };
  const lines = new Lines();
  let code = LOST;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    listener.onHeard();
    for (const event of lines.take(piece.value)) {
      if (signal.aborted) break;
      if (event.event === "end") code = event.code;
      else listener.onEvent(event);
    }
  }
  return { code, pauseMs: lines.retryMs };
}

/** Makes events of the text of a stream: each has its JSON in one line of data. */
class Lines {
  /** How long the server asks to wait before coming back. */
  retryMs = 0;
  #rest = "";

  /** @param {string} text */
  take(text) {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    const values = (/** @type {string} */ name) => lines.filter((line) => line.startsWith(name)).map((line) => line.slice(name.length));
    this.retryMs = Number(values("retry: ").at(-1) ?? this.retryMs);
    return values("data: ").map((data) => JSON.parse(data));
  }
}
