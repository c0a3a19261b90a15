// @ts-check
// A connection over WebSocket.

/** @typedef {import("./channel.js").LiveEvent} LiveEvent */
/**
 * What a connection tells. `onClose` is called once, with the code of the close and the pause in
 * milliseconds that the server asks for, 0 for none.
 *
 * @typedef {object} LinkListener
 * @property {() => void} onHeard anything came
 * @property {(event: LiveEvent) => void} onEvent
 * @property {(code: number, pauseMs: number) => void} onClose
 */
/**
 * One connection, of either kind. `send` is there where the client may speak.
 *
 * @typedef {object} Link
 * @property {((message: object) => boolean) | null} send returns whether the connection is open
 * @property {() => void} close closes without a word to the listener
 */

const SUBPROTOCOL = "laurel.v1";
const NORMAL = 1000;

/**
 * @param {string} url
 * @param {string} ticket
 * @param {LinkListener} listener
 * @returns {Link}
 */
export function openSocket(url, ticket, listener) {
  const socket = new WebSocket(url, [SUBPROTOCOL, `ticket.${ticket}`]);
  let pauseMs = 0;
  let isOver = false;
  socket.onmessage = ({ data }) => {
    if (isOver) return;
    const event = JSON.parse(data);
    if (event.event === "going_away") pauseMs = event.retryAfterMs;
    listener.onHeard();
    listener.onEvent(event);
  };
  socket.onclose = ({ code }) => {
    if (isOver) return;
    isOver = true;
    listener.onClose(code, pauseMs);
  };
  return {
    send(message) {
      if (socket.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(message));
      return true;
    },
    close() {
      isOver = true;
      socket.close(NORMAL);
    },
  };
}
