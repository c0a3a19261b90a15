// One board of the tabs while it is shown. Its channels tell every change; it asks for what they do
// not tell every ten seconds, and for everything every two seconds while they are away.

import { BoardReads, describeError, serverNow } from "./board_reads.js";
import { Entry } from "./entry.js";
import { follow, followAgain, leave } from "./live.js";
import { clearPanel, drawNote, drawOffer, drawOwnPlace, drawPodium, drawRows, drawSegments, drawTurn } from "./panel.js";
import { session } from "./player.js";
import { Standings } from "./standings.js";

const NEIGHBORS = 1;
const POLL_MS = 2000;
const LIVE_POLL_MS = 10000;
const SEGMENTS_MS = 30000;
const BEFORE = { daily: "Yesterday", weekly: "Last week", monthly: "Last month", yearly: "Last year", season: "The season before" };

export class BoardView {
  #timer = null;
  #ticker = null;
  #isOver = false;
  #isAsking = false;
  #isDue = false;
  #isTroubled = false;
  #liveChannels = new Set();
  #standings = new Standings();
  #hasRows = false;
  #page;
  #own = { you: null, around: [] };
  #segmentsAt = -Infinity;
  #podiumOf = null;

  constructor(board, segment, onSegment) {
    this.#page = board;
    Object.assign(this, { board, segment, onSegment, definition: board.definition, reads: new BoardReads(board.board), entry: new Entry(board) });
    this.channels = { top: `leaderboard:${board.board}`, around: `around:${board.board}:self` };
    const { decimals } = this.definition;
    this.format = (score) => score.toLocaleString(undefined, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    this.columns = this.definition.tieBreakers.map(({ value }) => (value === "1" ? "actions" : value.split(".").at(-1)));
  }

  start() {
    clearPanel();
    this.#draw(new Set());
    this.#ticker = setInterval(() => this.#tick(), 1000);
    if (!this.#isSplit || this.segment) this.#follow();
    this.refresh();
  }

  stop() {
    this.#isOver = true;
    clearInterval(this.#ticker);
    clearTimeout(this.#timer);
    Object.values(this.channels).forEach(leave);
  }

  // Asks now; once more after the questions that are on their way.
  async refresh() {
    if (this.#isAsking) {
      this.#isDue = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#isAsking = true;
    const pauseMs = document.visibilityState === "visible" ? await this.#ask() : POLL_MS;
    this.#isAsking = false;
    if (this.#isOver) return;
    this.#timer = setTimeout(() => this.refresh(), this.#isDue ? 0 : pauseMs);
    this.#isDue = false;
  }

  get #isSplit() {
    return this.definition.segment !== null;
  }

  // What could not be read, as while it was built, could not be followed either.
  #recover() {
    drawNote(null);
    if (this.#isTroubled && (!this.#isSplit || this.segment)) this.#follow();
    this.#isTroubled = false;
  }

  #isLive(channel) {
    return this.#liveChannels.has(channel);
  }

  async #ask() {
    try {
      await this.#read();
      if (!this.#isOver) this.#recover();
      return Object.values(this.channels).every((channel) => this.#isLive(channel)) ? LIVE_POLL_MS : POLL_MS;
    } catch (error) {
      if (!this.#isOver) this.#show(error);
      return Math.max(POLL_MS, 1000 * (error.retryAfter ?? 0));
    }
  }

  async #read() {
    if (this.#isSplit) await this.#readSegments();
    if (this.#isOver) return;
    if (this.#isSplit && !this.segment) {
      this.#hasRows = true;
      return this.#draw(new Set());
    }
    const { segment } = this;
    const page = await this.reads.get("/me", { neighbors: NEIGHBORS, segment });
    if (this.#isOver) return;
    if (page) this.#draw(this.#turnTo(page));
    await this.#readPodium();
  }

  async #readSegments() {
    if (this.segment && performance.now() - this.#segmentsAt < SEGMENTS_MS) return;
    const described = await this.reads.describe();
    this.#segmentsAt = performance.now();
    const segments = described.segments ?? [];
    await this.entry.read();
    if (!this.segment) await this.#pickSegment(segments);
    if (!this.segment) this.#page = described;
    else if (!this.#isOver) drawSegments(this.definition, segments.includes(this.segment) ? segments : [this.segment, ...segments], this.segment);
  }

  // One's own, else the first.
  async #pickSegment(segments) {
    const own = this.entry.attribute ? this.entry.home : (await this.reads.get("/me", {}))?.segment;
    this.segment = own ?? segments[0] ?? null;
    if (!this.segment || this.#isOver) return;
    this.onSegment(this.segment);
    this.#follow();
  }

  // Three of the period before; there may have been none. Another season is another version.
  async #readPodium() {
    const { kind } = this.definition.period;
    const { period, boardVersion } = this.#page;
    const title = kind === "season" && boardVersion === 1 ? null : BEFORE[kind];
    if (!title || this.#podiumOf === period) return;
    const podium = await this.reads.get("/standings", { period: "previous", limit: 3, segment: this.segment }).catch((error) => {
      if (error.status === 404 && !error.isGone) return { leaderboard: [] };
      throw error;
    });
    if (this.#isOver) return;
    this.#podiumOf = period;
    if (podium) drawPodium(podium.leaderboard, title, this.format);
  }

  // The channels' rows may be newer. Returns the players who moved.
  #turnTo(page) {
    const { you, around, gapToNext, rankAtDayStart } = page;
    Object.assign(this.#own, this.#isLive(this.channels.around) ? { rankAtDayStart } : { you, around, gapToNext, rankAtDayStart });
    const moved = this.#isLive(this.channels.top) ? new Set() : this.#take(page);
    this.#page = page;
    return moved;
  }

  #take(page) {
    const before = new Map(this.#standings.rows.map((row) => [row.userId, row.score]));
    const isNext = this.#hasRows && this.#page?.period === page.period;
    this.#standings.take(page);
    this.#hasRows = true;
    if (!isNext) return new Set();
    return new Set(page.leaderboard.filter((row) => before.get(row.userId) !== row.score).map((row) => row.userId));
  }

  #follow() {
    const { top, around } = this.channels;
    const part = this.segment ? { segment: this.segment } : {};
    follow(top, this.#listener(top, { snapshot: (event) => this.#restart(event), leaderboard_changed: (event) => this.#change(event) }), part);
    const look = (event) => this.#look(event);
    follow(around, this.#listener(around, { snapshot: look, around: look }), { limit: NEIGHBORS, ...part });
  }

  #listener(channel, handlers) {
    // Of the segment that was shown before, something may still be on its way.
    const ofSegment = (handle) => (event) => (event.segment ?? null) === this.segment && handle(event);
    const away = () => {
      this.#liveChannels.delete(channel);
      this.reads.forget();
    };
    return {
      ...Object.fromEntries(Object.entries(handlers).map(([name, handle]) => [name, ofSegment(handle)])),
      period_closed: () => this.refresh(),
      unsubscribed: (event) => event.reason && away(),
      lost: away,
    };
  }

  #restart(event) {
    this.#liveChannels.add(this.channels.top);
    this.#standings.take(event);
    this.#hasRows = true;
    if (this.#page && this.#page.period !== event.period) this.refresh();
    this.#draw(new Set());
  }

  #change(event) {
    const moved = this.#standings.change(event);
    if (moved === null) followAgain(this.channels.top);
    else this.#draw(moved);
  }

  #look(event) {
    this.#liveChannels.add(this.channels.around);
    const { you, around, gapToNext } = event;
    Object.assign(this.#own, { you, around, gapToNext });
    this.#draw(new Set());
  }

  #tick() {
    drawTurn(this.definition, this.#page, serverNow());
    const turn = this.#page?.nextReset;
    if (turn && new Date(turn) <= serverNow() && !this.#isAsking) this.refresh();
  }

  #draw(moved) {
    const { you, around } = this.#own;
    const how = { ownId: session.userId, moved, format: this.format, columns: this.columns };
    drawRows(this.#standings, you ? around : [], how, this.#hasRows);
    drawTurn(this.definition, this.#page, serverNow());
    if (!this.#hasRows) return;
    drawOwnPlace(this.#own, this.#standings.total, this.format, this.entry.isDone(this.segment));
    drawOffer(you ? null : this.entry.offer(this.segment), () => this.#enter());
  }

  #show(error) {
    this.#isTroubled = true;
    if (error.isGone) {
      clearPanel();
      this.reads.forget();
      Object.assign(this.#standings, new Standings());
      [this.#hasRows, this.#page] = [false, null];
      this.#draw(new Set());
    }
    drawNote(describeError(error));
  }

  async #enter() {
    try {
      await this.entry.take(this.segment);
      if (this.#isOver) return;
      this.#draw(new Set());
      this.refresh();
    } catch (error) {
      if (!this.#isOver) this.#show(error);
    }
  }
}
