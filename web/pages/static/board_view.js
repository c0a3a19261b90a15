// One board of the tabs while it is shown. Its channels tell every change; it asks for what they do
// not tell twice a minute, and for everything every two seconds while they are away.

import { BoardReads, describeError, serverNow } from "./board_reads.js";
import { Entry } from "./entry.js";
import { formatNumber } from "./format.js";
import { Followed } from "./home/followed.js";
import { session } from "./home/looking.js";
import { tellNews } from "./home/news.js";
import { Podium } from "./home/podium.js";
import { clearPanel, drawNote, drawOffer, drawOwnPlace, drawSegments, drawTurn, sayRows } from "./panel.js";

const TOP = 10;
const NEIGHBORS = 1;
const POLL_MS = 2000;
const LIVE_POLL_MS = 30000;
const SEGMENTS_MS = 30000;

export class BoardView {
  #timer = null;
  #ticker = null;
  #isOver = false;
  #isAsking = false;
  #isDue = false;
  #isTroubled = false;
  #followed = new Followed({
    onRows: (change) => this.#change(change),
    onAround: (change) => this.#look(change),
    onClosed: () => this.refresh(),
    onEnded: () => this.#restart(),
  });
  #standings = null;
  #page;
  #own = { you: null, around: [] };
  #segmentsAt = -Infinity;
  #podium;
  #shown;

  /**
   * `shown` is what all boards share (see `Boards`), and `seen`: the scores that were seen of this one.
   */
  constructor(board, segment, shown, onSegment) {
    this.#page = board;
    this.#shown = shown;
    Object.assign(this, { board, segment, onSegment, definition: board.definition, reads: new BoardReads(board.board), entry: new Entry(board) });
    const { decimals } = this.definition;
    this.format = (score) => formatNumber(score, decimals);
    this.#podium = new Podium(this.reads, this.format);
    this.columns = this.definition.tieBreakers.map(({ value }) => (value === "1" ? "actions" : value.split(".").at(-1)));
  }

  // With `standings` that are known already, from the server's page.
  start(standings = null) {
    clearPanel();
    if (standings) this.#shown.rows.turnTo(this.#shown.seen);
    else this.#turn();
    this.#standings = standings;
    if (standings) this.#draw();
    else this.#shown.rows.clear(this.#how);
    this.#ticker = setInterval(() => this.#tick(), 1000);
    if (!this.#isSplit || this.segment) this.#follow();
    this.refresh();
  }

  // Somebody else looks on from now on.
  changeUser() {
    this.entry = new Entry(this.board);
    this.#own = { you: null, around: [] };
    this.#segmentsAt = -Infinity;
    this.#draw();
    if (!this.#isSplit || this.segment) this.#follow();
    this.#restart();
  }

  stop() {
    this.#isOver = true;
    clearInterval(this.#ticker);
    clearTimeout(this.#timer);
    this.#followed.stop();
  }

  // Asks now; once more after the questions that are on their way.
  async refresh() {
    if (this.#isAsking) return void (this.#isDue = true);
    clearTimeout(this.#timer);
    this.#isAsking = true;
    const pauseMs = document.visibilityState === "visible" ? await this.#ask() : POLL_MS;
    this.#isAsking = false;
    if (this.#isOver) return;
    this.#timer = setTimeout(() => this.refresh(), this.#isDue ? 0 : pauseMs);
    this.#isDue = false;
    return undefined;
  }

  get #isSplit() {
    return this.definition.segment !== null;
  }

  get #how() {
    return { ownId: session.userId, format: this.format, columns: this.columns };
  }

  // What could not be read, as while it was built, could not be followed either.
  #recover() {
    if (!this.#isTroubled) return;
    this.#isTroubled = false;
    drawNote(null);
    if (!this.#isSplit || this.segment) this.#follow();
  }

  async #ask() {
    try {
      await this.#read();
      if (!this.#isOver) this.#recover();
      return this.#followed.isLive ? LIVE_POLL_MS : POLL_MS;
    } catch (error) {
      if (!this.#isOver) this.#show(error);
      return Math.max(POLL_MS, 1000 * (error.retryAfter ?? 0));
    }
  }

  async #read() {
    if (this.#isSplit) await this.#readSegments();
    if (this.#isOver) return;
    if (this.#isSplit && !this.segment) return this.#take({ leaderboard: [], totalUsers: 0 });
    // Who only looks on has no place of one's own.
    const { segment } = this;
    const page = await (session.isPlayer ? this.reads.get("/me", { neighbors: NEIGHBORS, segment }) : this.reads.get("/standings", { limit: TOP, segment }));
    if (this.#isOver) return;
    if (page) this.#turnTo(page);
    await this.#podium.draw(this.#page, this.definition.period.kind, this.segment, () => this.#isOver);
  }

  async #readSegments() {
    if (this.segment && performance.now() - this.#segmentsAt < SEGMENTS_MS) return;
    const described = await this.reads.describe();
    this.#segmentsAt = performance.now();
    const segments = described.segments ?? [];
    if (session.isPlayer) await this.entry.read();
    if (!this.segment) await this.#pickSegment(segments);
    if (!this.segment) this.#page = described;
    else if (!this.#isOver) drawSegments(this.definition, segments.includes(this.segment) ? segments : [this.segment, ...segments], this.segment);
  }

  // One's own, else the first.
  async #pickSegment(segments) {
    const own = this.entry.attribute || !session.isPlayer ? this.entry.home : (await this.reads.get("/me", {}))?.segment;
    this.segment = own ?? segments[0] ?? null;
    if (!this.segment || this.#isOver) return;
    this.onSegment(this.segment);
    this.#follow();
  }

  // The channels' rows may be newer.
  #turnTo(page) {
    const before = this.#page?.period;
    if (before !== undefined && before !== page.period) this.#turn();
    this.#shown.seen.turnTo(page.period);
    const { you = null, around = [], gapToNext = null, rankAtDayStart = null } = page;
    Object.assign(this.#own, this.#followed.isAroundLive ? { rankAtDayStart } : { you, around, gapToNext, rankAtDayStart });
    this.#page = page;
    if (this.#followed.isTopLive) this.#draw();
    else this.#take(page);
  }

  // Another period, or another state of the board: nobody has moved.
  #turn() {
    this.#standings = null;
    this.#shown.rows.turnTo(this.#shown.seen);
    this.#shown.feed.clear();
  }

  // `moved` is what the channel knows of where players were (see `laurel.js`).
  #take({ leaderboard, totalUsers }, moved = new Map()) {
    const before = this.#standings;
    this.#standings = { rows: leaderboard.slice(0, TOP), totalUsers };
    if (before) tellNews(this.#shown.feed, before.rows, this.#standings.rows, { decimals: this.definition.decimals, moved });
    this.#draw(moved);
  }

  #follow() {
    this.#followed.start(this.board.board, { top: TOP, around: NEIGHBORS, segment: this.segment });
  }

  #restart() {
    this.reads.forget();
    this.refresh();
  }

  #change({ rows, totalUsers, moved, event }) {
    // A board with periods says which one this is.
    if (event.event === "snapshot" && event.period && this.#page?.period !== event.period) {
      this.#turn();
      this.#shown.seen.turnTo(event.period);
      this.refresh();
    }
    this.#take({ leaderboard: rows, totalUsers }, moved);
  }

  #look({ rows, you, event }) {
    Object.assign(this.#own, { you, around: rows, gapToNext: event.gapToNext ?? null });
    this.#draw();
  }

  #tick() {
    drawTurn(this.definition, this.#page, serverNow());
    const turn = this.#page?.nextReset;
    if (turn && new Date(turn) <= serverNow() && !this.#isAsking) this.refresh();
  }

  #draw(moved = undefined) {
    if (!this.#standings) return;
    const { you } = this.#own;
    const { rows, totalUsers } = this.#standings;
    const around = you ? this.#own.around : [];
    this.#shown.rows.draw(rows, around, { ...this.#how, moved });
    this.#shown.past.want([...rows, ...around], this.#shown.seen, this.reads, this.segment);
    sayRows(rows.length, totalUsers);
    drawTurn(this.definition, this.#page, serverNow());
    if (you && this.board.board === "global") this.#shown.showOwn(you);
    drawOwnPlace(this.#own, totalUsers, this.format, this.entry.isDone(this.segment));
    drawOffer(you ? null : this.entry.offer(this.segment), () => this.#enter());
  }

  #show(error) {
    this.#isTroubled = true;
    if (error.isGone) {
      clearPanel();
      this.reads.forget();
      this.#turn();
      this.#page = null;
      this.#shown.rows.clear(this.#how);
    }
    drawNote(describeError(error));
  }

  async #enter() {
    try {
      await session.becomeGuest();
      await this.entry.take(this.segment);
      if (this.#isOver) return;
      this.#draw();
      this.refresh();
    } catch (error) {
      if (!this.#isOver) this.#show(error);
    }
  }
}
