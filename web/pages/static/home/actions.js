// One's own actions: sent, followed until their outcome is known, and sent again.

import { makeActionId } from "../laurel/guests.js";
import { describeAnswer, describeRecord, describeSent, explainFailure, isRepetition } from "./outcomes.js";

const PATH = "/api/actions/complete";
// Of these more may be told; of one without an answer too.
const OPEN = new Set(["pending", "held", "failed"]);
const MOST_KEPT = 5;
const MOST_LOOKS = 20;
const LONGEST_PAUSE_MS = 15_000;

/** One action: what was sent, and what is known of it. */
class Sent {
  constructor(action) {
    this.action = action;
    this.at = Date.now();
    this.outcome = describeSent();
  }
}

export class Actions {
  #laurel;
  #admit;
  #draw;
  #kept = [];

  /**
   * `admit` makes somebody who only watches a player, before the first action. `draw` is told of
   * every change: `{kept, outcome, status, body}`, the outcome of the last answer, its status and
   * body (null while there is none).
   */
  constructor(laurel, admit, draw) {
    this.#laurel = laurel;
    this.#admit = admit;
    this.#draw = draw;
  }

  /** Whether there is one to send again. */
  get hasSent() {
    return this.#kept.length > 0;
  }

  /** Sends a new action. */
  send(score, metadata) {
    const action = { actionId: makeActionId(), score, timestamp: new Date().toISOString(), metadata };
    const sent = new Sent(action);
    this.#kept = [sent, ...this.#kept].slice(0, MOST_KEPT);
    return this.#post(sent);
  }

  /** Sends the last action once more, with the same id. */
  async sendAgain() {
    const [last] = this.#kept;
    const answer = await this.#call(last);
    if (!answer) return;
    const outcome = describeAnswer(answer);
    // It had not arrived before: this is its first answer.
    if (!isRepetition(outcome)) return this.#settle(last, answer, outcome);
    if (last.outcome.state === "failed") last.outcome = describeRecord(answer.body.error.details?.result ?? {});
    this.#show(outcome, answer);
  }

  /** An event of one's own channel: an action may have been decided on. */
  hear(event) {
    const sent = this.#kept.find(({ action }) => action.actionId === event.actionId);
    if (sent && OPEN.has(sent.outcome.state)) this.#look(sent);
  }

  /** Somebody else plays from now on. */
  forget() {
    this.#kept = [];
    this.#draw({ kept: [], outcome: null, status: null, body: null });
  }

  async #post(sent) {
    this.#show(sent.outcome, null);
    const answer = await this.#call(sent);
    if (answer) this.#settle(sent, answer, describeAnswer(answer));
  }

  /** Returns the answer; null when there was none, which is shown. */
  async #call(sent) {
    const before = sent.outcome.state;
    try {
      await this.#admit();
      return await this.#laurel.request("POST", PATH, { body: sent.action });
    } catch (error) {
      const failure = explainFailure(error);
      const now = sent.outcome.state;
      if (now === "pending" || now === "failed") sent.outcome = failure;
      // Its channel may have told the result meanwhile.
      this.#show(now === before ? failure : sent.outcome, null);
      return null;
    }
  }

  #settle(sent, answer, outcome) {
    sent.outcome = outcome;
    this.#show(outcome, answer);
    if (outcome.state === "pending" || outcome.state === "held") this.#follow(sent, 1000 * (answer.retryAfter || 1));
  }

  // What is held may stay so for days: that is told by the channel.
  async #follow(sent, pauseMs) {
    for (let look = 0; look < MOST_LOOKS && this.#kept.includes(sent); look += 1) {
      await this.#look(sent);
      if (sent.outcome.state !== "pending") return;
      await new Promise((resolve) => setTimeout(resolve, Math.min(pauseMs * 1.5 ** look, LONGEST_PAUSE_MS)));
    }
  }

  async #look(sent) {
    const answer = await this.#laurel.request("GET", `/api/actions/${sent.action.actionId}`).catch(() => null);
    if (answer?.status !== 200) return;
    const before = sent.outcome;
    sent.outcome = describeRecord(answer.body);
    const isNews = before.state !== sent.outcome.state || before.sentence !== sent.outcome.sentence;
    if (isNews && this.#kept[0] === sent) this.#show(sent.outcome, answer);
    else if (isNews) this.#draw({ kept: this.#kept });
  }

  #show(outcome, answer) {
    this.#draw({ kept: this.#kept, outcome, status: answer?.status ?? null, body: answer?.body ?? null });
  }
}
