// How numbers and times are written on every page. English, as the pages' words are, whatever the
// browser's language: `1,234`, `+50`, `−50`, `12 s ago`. `web/pages/formatting.py` writes the same.

const LANGUAGE = "en";
const NOTHING = "–";
const MINUS = "−";
const JUST_NOW_SECONDS = 2;
const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/**
 * A number with groups of three: `1,234`. What is not known is a dash.
 * @param {number | null | undefined} value
 * @param {number} [decimals] how many there are always
 */
export function formatNumber(value, decimals = 0) {
  if (!isNumber(value)) return NOTHING;
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return value.toLocaleString(LANGUAGE, digits).replace("-", MINUS);
}

/** What something has changed by, with its sign: `+50`, `−50`, `0`. */
export function formatChange(value, decimals = 0) {
  return isNumber(value) && value > 0 ? `+${formatNumber(value, decimals)}` : formatNumber(value, decimals);
}

/** A short number for the axes of plots and narrow places: `950`, `12.3k`, `4.5M`. */
export function formatShort(value) {
  if (!isNumber(value)) return NOTHING;
  return value.toLocaleString(LANGUAGE, { notation: "compact", maximumFractionDigits: 1 }).replace("-", MINUS).replace("K", "k");
}

/** A share of one as `12.5 %`. */
export function formatPercent(share, decimals = 0) {
  return isNumber(share) ? `${formatNumber(100 * share, decimals)} %` : NOTHING;
}

/** `1 player`, `1,234 players`. */
export function formatCount(count, one, many = `${one}s`) {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}

/** Seconds as the two largest units: `45 s`, `3 min 5 s`, `2 d 4 h`; below ten seconds with a decimal. */
export function formatSeconds(seconds) {
  if (!isNumber(seconds)) return NOTHING;
  if (seconds < 1) return `${formatNumber(Math.round(seconds * 1000))} ms`;
  if (seconds < 10) return `${formatNumber(seconds, 1)} s`;
  let left = Math.round(seconds);
  const parts = [];
  for (const [size, name] of UNITS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count || parts.length) parts.push(count ? `${formatNumber(count)} ${name}` : null);
  }
  return parts.slice(0, 2).filter(Boolean).join(" ");
}

/** How long ago a moment is, by the largest unit: `just now`, `12 s ago`, `3 min ago`. */
export function formatAgo(moment, now = Date.now()) {
  const seconds = Math.floor((now - new Date(moment).getTime()) / 1000);
  if (Number.isNaN(seconds)) return NOTHING;
  if (seconds < JUST_NOW_SECONDS) return "just now";
  const [size, name] = UNITS.find(([unit]) => seconds >= unit);
  return `${formatNumber(Math.floor(seconds / size))} ${name} ago`;
}

function writeMoment(moment, parts) {
  const date = new Date(moment ?? NaN);
  if (Number.isNaN(date.getTime())) return NOTHING;
  return new Intl.DateTimeFormat(LANGUAGE, { hourCycle: "h23", ...parts }).format(date);
}

/** The time of the day in the browser's zone: `14:03:05`. */
export function formatClock(moment) {
  return writeMoment(moment, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** A day in the browser's zone: `27 Nov 2026`. */
export function formatDay(moment, timeZone) {
  const parts = { day: "numeric", month: "short", year: "numeric", timeZone };
  return writeDayFirst(moment, parts);
}

/** A moment with its day, in the browser's zone or the given one: `27 Nov 2026, 14:03`. */
export function formatMoment(moment, timeZone) {
  const day = formatDay(moment, timeZone);
  return day === NOTHING ? NOTHING : `${day}, ${writeMoment(moment, { hour: "2-digit", minute: "2-digit", timeZone })}`;
}

function writeDayFirst(moment, parts) {
  const date = new Date(moment ?? NaN);
  if (Number.isNaN(date.getTime())) return NOTHING;
  const named = Object.fromEntries(new Intl.DateTimeFormat(LANGUAGE, parts).formatToParts(date).map(({ type, value }) => [type, value]));
  return `${named.day} ${named.month} ${named.year}`;
}
