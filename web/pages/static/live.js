// The socket: opened with a ticket, opened again when it is lost, and the channels that are
// followed on it. What a channel says goes to its listener, a function for each kind of event.

import { callAsPlayer, logIn, refreshToken, session } from "./player.js";

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15000;

const listeners = new Map();
const wishes = new Map();
let socket = null;
let retryMs = FIRST_RETRY_MS;
let lastId = 0;
let tell = () => {};

function send(message) {
  if (socket?.readyState !== WebSocket.OPEN) return;
  lastId += 1;
  socket.send(JSON.stringify({ id: lastId, ...message }));
}

// Listens to a channel that needs no subscription.
export function hear(channel, listener) {
  listeners.set(channel, listener);
}

// Subscribes now, and again whenever the socket was opened again.
export function follow(channel, listener, wish = {}) {
  listeners.set(channel, listener);
  wishes.set(channel, wish);
  send({ op: "subscribe", channel, ...wish });
}

export function leave(channel) {
  listeners.delete(channel);
  if (wishes.delete(channel)) send({ op: "unsubscribe", channel });
}

// For a new snapshot, after something was missed.
export function followAgain(channel) {
  if (wishes.has(channel)) send({ op: "subscribe", channel, ...wishes.get(channel) });
}

const own = {
  async auth_expiring() {
    await refreshToken();
    send({ op: "auth", token: session.token });
  },
  going_away(event) {
    retryMs = event.retryAfterMs;
  },
};

// `show` is told the state of the connection and its words, `prepare` is run after the login.
export function start(show, prepare) {
  tell = show;
  return listen(prepare);
}

async function listen(prepare) {
  tell("connecting", "Connecting…");
  try {
    if (!session.token) await logIn();
    await prepare();
    const ticket = await callAsPlayer("POST", "/api/realtime/ticket");
    if (ticket.status !== 201) throw new Error(ticket.body.error.message);
    open(ticket.body, prepare);
  } catch (error) {
    comeBack(error.message || "No connection", prepare);
  }
}

function comeBack(why, prepare) {
  tell("lost", `${why}, trying again…`);
  setTimeout(listen, retryMs * (0.75 + Math.random() / 2), prepare);
  retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
}

function open(ticket, prepare) {
  socket = new WebSocket(ticket.url, ["laurel.v1", `ticket.${ticket.ticket}`]);
  socket.onopen = () => {
    retryMs = FIRST_RETRY_MS;
    tell("live", "Live");
    for (const channel of wishes.keys()) followAgain(channel);
  };
  socket.onmessage = (message) => {
    const event = JSON.parse(message.data);
    (listeners.get(event.channel)?.[event.event] ?? own[event.event])?.(event);
  };
  socket.onclose = (event) => {
    for (const listener of listeners.values()) listener.lost?.();
    if (event.code >= 4500) return tell("lost", "The server asks not to come back");
    return comeBack("Connection lost", prepare);
  };
}
