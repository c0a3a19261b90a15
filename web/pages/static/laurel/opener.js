// @ts-check
// Opens links: WebSockets, and streams where those fail twice before they are open.

import { RefusedError } from "./calls.js";
import { SignedOutError } from "./credentials.js";
import { openSocket } from "./socket_link.js";
import { askForStream, isReachable, openStream, streamUrl } from "./stream_link.js";

/** @typedef {import("./socket_link.js").Link} Link */
/** @typedef {import("./socket_link.js").LinkListener} LinkListener */

const SOCKET_FAILURES = 2;

export class Opener {
  #credentials;
  /** @type {string} where the WebSockets are, as the last ticket says */
  #url = "";
  #failures = 0;

  /** @param {import("./credentials.js").Credentials} credentials */
  constructor(credentials) {
    this.#credentials = credentials;
  }

  /** Whether the next link is a stream: then both kinds take turns. */
  get isStreamNext() {
    return this.#failures >= SOCKET_FAILURES && (this.#failures - SOCKET_FAILURES) % 2 === 0;
  }

  /** Returns a ticket for one link. Throws SignedOutError, RefusedError, and what `call` throws. */
  async fetchTicket() {
    await this.#credentials.ready();
    const answer = await this.#credentials.request("POST", "/api/realtime/ticket");
    if (answer.status === 401 && !this.#credentials.token) throw new SignedOutError();
    if (answer.status !== 201) throw new RefusedError(answer);
    this.#url = answer.body.url;
    return /** @type {string} */ (answer.body.ticket);
  }

  /**
   * @param {string} ticket
   * @param {string} token
   * @param {import("./followed.js").Followed} channels those that a stream is to have
   * @param {LinkListener} listener
   * @returns {Link}
   */
  open(ticket, token, channels, listener) {
    if (!this.isStreamNext) return openSocket(this.#url, ticket, listener);
    const { query, eventId, left } = askForStream([...channels]);
    for (const channel of left) {
      channels.remove(channel);
      channel.emit("ended", { code: "ONE_SEGMENT", message: "Without WebSockets, one segment can be followed at a time" });
    }
    return openStream(streamUrl(this.#url, query), token, eventId, listener);
  }

  /**
   * Learns from a link that was closed, or could not be opened, which kind comes next.
   *
   * @param {Link} link
   * @param {boolean} wasOpen
   */
  async noteClosed(link, wasOpen) {
    // After a stream a WebSocket has one chance.
    if (!link.send) this.#failures = wasOpen ? SOCKET_FAILURES - 1 : this.#failures + 1;
    else if (wasOpen) this.#failures = 0;
    // A server that is away says nothing about which kind gets through.
    else if (await isReachable(this.#url)) this.#failures += 1;
  }
}
