// @ts-check
// The connection of a client: opened, lost and opened again, over WebSocket or server-sent events.

import { judgeClose, judgeError } from "./closing.js";
import { Gate } from "./gate.js";
import { Opener } from "./opener.js";
import { Pauses } from "./pauses.js";
import { Status } from "./status.js";
import { Watch } from "./watch.js";

/** @typedef {import("./channel.js").Channel} Channel */
/** @typedef {import("./channel.js").LiveEvent} LiveEvent */
/** @typedef {import("./socket_link.js").Link} Link */
/** @typedef {import("./socket_link.js").LinkListener} LinkListener */

const OPEN_MS = 10_000;
const STEADY_MS = 10_000;
const LATER_MS = 3_000;
const GRACE_MS = 10_000;
const TURN_MS = 3_000;

/** A connection that is made again until it is stopped; the channels resume on each. */
export class Connection {
  status = new Status();
  #credentials;
  #channels;
  /** @type {Link | null} the open one */
  #link = null;
  /** @type {Link | null} one that is being opened */
  #opening = null;
  /** @type {Watch | null} */
  #watch = null;
  /** @type {string | null} the token of the open link */
  #token = null;
  /** @type {string | null} whose link it is */
  #holder = null;
  /** Those who wait for another link, or for none. */
  #gate = new Gate();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #attempt = 0;
  #isConnecting = false;
  #opener;
  #openedAt = 0;
  #lastId = 0;
  #pauses = new Pauses();

  /**
   * @param {import("./credentials.js").Credentials} credentials
   * @param {import("./followed.js").Followed} channels
   */
  constructor(credentials, channels) {
    this.#credentials = credentials;
    this.#channels = channels;
    this.#opener = new Opener(credentials);
  }

  /** Connects; an open connection stays until the new one has taken its place. */
  async connect() {
    clearTimeout(this.#timer);
    this.#opening?.close();
    this.#opening = null;
    const attempt = ++this.#attempt;
    this.#isConnecting = true;
    if (this.status.state === "ended") this.status.show("connecting");
    try {
      const ticket = await this.#opener.fetchTicket();
      if (attempt !== this.#attempt) return;
      this.#open(ticket);
    } catch (error) {
      if (attempt === this.#attempt) this.#fail(error);
    }
  }

  /** Closes it for good. */
  stop() {
    this.#drop();
    this.status.show("ended", "Stopped");
  }

  /** Waits until the events of the session's user come, while a connection is on its way; some seconds at most. */
  async turned() {
    if (!this.#isConnecting || this.#holder === this.#credentials.subject) return;
    await this.#gate.wait(TURN_MS);
  }

  /** Looks after it at once, when the page is seen again or the network is back. */
  hurry() {
    if (this.#link) this.#watch?.hurry();
    else if (this.status.state === "offline" && !this.#opening) void this.connect();
  }

  /**
   * Asks for a channel from where it stands.
   *
   * @param {Channel} channel
   */
  ask(channel) {
    if (!this.#link) return;
    if (this.#link.send) this.#link.send(channel.ask(++this.#lastId));
    else this.#reopenSoon();
  }

  /** @param {Channel} channel */
  leave(channel) {
    this.#link?.send?.({ op: "unsubscribe", id: ++this.#lastId, channel: channel.name });
  }

  /** @param {string} ticket */
  #open(ticket) {
    const token = /** @type {string} */ (this.#credentials.token);
    // A stream's channels are asked for with its request, a WebSocket's when it is open.
    if (this.#opener.isStreamNext) this.#channels.turnTo(this.#credentials.subject);
    /** @type {LinkListener} */
    const listener = {
      onHeard: () => link === this.#link && this.#watch?.heard(),
      onEvent: (event) => this.#receive(link, event, token),
      onClose: (code, pauseMs) => this.#closed(link, code, pauseMs),
    };
    const link = this.#opener.open(ticket, token, this.#channels, listener);
    this.#opening = link;
    this.#timer = setTimeout(() => this.#closed(link, 0, 0), OPEN_MS);
  }

  /**
   * @param {Link} link
   * @param {LiveEvent} event
   * @param {string} token
   */
  #welcome(link, event, token) {
    clearTimeout(this.#timer);
    this.#link?.close();
    this.#watch?.stop();
    this.#opening = null;
    this.#isConnecting = false;
    this.#link = link;
    this.#token = token;
    this.#openedAt = Date.now();
    this.#watch = new Watch(
      1000 * event.heartbeatSeconds + GRACE_MS,
      () => link.send?.({ op: "ping", id: ++this.#lastId }) ?? false,
      () => this.#closed(link, 0, 0),
    );
    this.#channels.turnTo(this.#credentials.subject);
    this.#holder = this.#channels.subject;
    for (const channel of this.#channels) {
      if (channel.isAlwaysOn) channel.greet(event);
      link.send?.(channel.ask(++this.#lastId));
    }
    // Some were followed while the stream was on its way.
    if (!link.send && [...this.#channels].some(({ askedId }) => askedId === null)) this.#reopenSoon();
    this.#gate.release();
    if (this.status.state !== "live" && this.status.state !== "connecting") this.status.show("catching up");
  }

  /**
   * @param {Link} link
   * @param {LiveEvent} event
   * @param {string} token
   */
  #receive(link, event, token) {
    if (event.event === "welcome" && link === this.#opening) return this.#welcome(link, event, token);
    if (link !== this.#link) return undefined;
    if (event.event === "auth_expiring") return void this.#extend(link);
    const channel = this.#channels.find(event);
    if (channel) this.#follow(channel, channel.receive(event));
    return this.#link && this.#channels.isSettled ? this.status.show("live") : undefined;
  }

  /**
   * @param {Channel} channel
   * @param {"ask" | "later" | "end" | null} wish
   */
  #follow(channel, wish) {
    if (wish === "end") this.#channels.remove(channel);
    if (wish === "later") setTimeout(() => this.#channels.has(channel) && this.ask(channel), LATER_MS);
    if (wish !== "ask") return;
    this.status.show("catching up");
    this.ask(channel);
  }

  // The token of the connection is about to end.
  /** @param {Link} link */
  async #extend(link) {
    // Where that fails, the close that follows is dealt with as any other.
    const isRenewed = await this.#credentials.renew(this.#token).then(() => true, () => false);
    if (!isRenewed || link !== this.#link) return;
    const isSame = this.#credentials.subject === this.#channels.subject;
    this.#token = this.#credentials.token;
    if (!isSame || !link.send?.({ op: "auth", id: ++this.#lastId, token: this.#token })) void this.connect();
  }

  // A stream is asked for everything at once; what is asked in one go makes one request.
  #reopenSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.connect(), 0);
  }

  /**
   * @param {Link} link
   * @param {number} code
   * @param {number} pauseMs
   */
  async #closed(link, code, pauseMs) {
    if (link !== this.#link && link !== this.#opening) return;
    const wasOpen = link === this.#link;
    // Another one is about to take its place, as after a logout.
    if (wasOpen && this.#isConnecting) {
      this.#detach();
      return this.status.show("catching up");
    }
    this.#drop();
    const attempt = this.#attempt;
    const { action, isSlow, text } = judgeClose(code);
    if (action === "end") return void this.status.show("ended", text);
    if (wasOpen && Date.now() - this.#openedAt > STEADY_MS) this.#pauses.reset();
    if (isSlow) this.#pauses.lengthen();
    this.status.show("offline", `${text}. Trying again…`);
    if (action === "renew") await this.#credentials.renew(this.#token).catch(() => {});
    await this.#opener.noteClosed(link, wasOpen);
    if (attempt === this.#attempt) this.#timer = setTimeout(() => this.connect(), pauseMs || this.#pauses.take());
  }

  /** @param {unknown} error */
  #fail(error) {
    this.#drop();
    const { message, isFinal, retryAfterMs } = judgeError(error);
    if (isFinal) return this.status.show("ended", message);
    this.status.show("offline", `${message}. Trying again…`);
    this.#timer = setTimeout(() => this.connect(), Math.max(this.#pauses.take(), retryAfterMs));
    return undefined;
  }

  #drop() {
    clearTimeout(this.#timer);
    this.#attempt += 1;
    this.#isConnecting = false;
    this.#opening?.close();
    this.#opening = null;
    this.#detach();
    this.#gate.release();
    this.#channels.disconnect();
  }

  #detach() {
    this.#watch?.stop();
    this.#link?.close();
    this.#link = this.#watch = null;
  }
}
