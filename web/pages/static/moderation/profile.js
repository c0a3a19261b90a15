// Who the player is: name, ban, score, the case, and the clients that the player was seen with.

import { byId, clone, fill, keepInStep, say } from "./ui/dom.js";
import { describeUntil } from "./ui/sentences.js";
import { formatAgo, formatCount, formatDay, formatMoment, formatNumber } from "/assets/format.js";

export function drawProfile({ player, case: found }) {
  byId("dossier-name").textContent = player.username;
  say(byId("dossier-ban"), player.ban && `Banned for ${player.ban.reason}, ${describeUntil(player.ban.until)}.`);
  fill(byId("profile"), {
    id: player.userId,
    score: formatNumber(player.score),
    actions: formatNumber(player.totalActions),
    since: formatDay(player.createdAt),
  });
  fill(byId("case"), found ? describeCase(found) : { state: "No case is open.", held: null, signal: null });
  drawClients(player.clients);
}

function describeCase(found) {
  const closed = `Case closed ${formatMoment(found.closedAt)}.`;
  return {
    state: found.state === "open" ? `Case open since ${formatMoment(found.openedAt)}.` : closed,
    held: found.heldActions ? `${formatNumber(found.heldActions)} held, worth ${formatNumber(found.heldScore)}.` : "Nothing is held.",
    signal: `The newest signal came ${formatAgo(found.lastSignalAt)}.`,
  };
}

function drawClients(clients) {
  byId("clients-table").hidden = clients.length === 0;
  say(byId("clients-none"), clients.length ? null : "None of the last actions came from a device that is known.");
  const key = (client) => `${client.device} ${client.address} ${client.country}`;
  keepInStep(byId("clients"), clients, { key, make: () => clone("client-row"), update: drawClient });
}

function drawClient(row, client) {
  const others = (count) => (count ? formatCount(count, "other player") : "nobody else");
  fill(row, {
    device: `${client.device}${client.namesDevice ? "" : " (not named)"}`,
    onDevice: others(client.othersOnDevice),
    address: `${client.address}${client.isHosting ? ", data centre" : ""}`,
    onAddress: others(client.othersOnAddress),
    country: client.country ?? "–",
    actions: formatNumber(client.actions),
    last: formatAgo(client.lastUsedAt),
  });
}
