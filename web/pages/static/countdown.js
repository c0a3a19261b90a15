// How long it is until a moment: in words, and in minutes and seconds when it is near.

const UNITS = [[86400, "day"], [3600, "hour"], [60, "minute"]];
const NEAR_SECONDS = 600;

export function describeLeft(seconds) {
  const left = Math.max(0, Math.ceil(seconds));
  if (left <= NEAR_SECONDS) {
    return [Math.floor(left / 60), left % 60].map((part) => String(part).padStart(2, "0")).join(":");
  }
  const words = UNITS.map(([size, name], index) => {
    const within = index ? left % UNITS[index - 1][0] : left;
    const count = Math.floor(within / size);
    return count ? `${count} ${name}${count === 1 ? "" : "s"}` : null;
  });
  const first = words.findIndex(Boolean);
  return words.slice(first, first + 2).filter(Boolean).join(" ");
}
