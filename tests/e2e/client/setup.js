// Loads the client into a blank page of the server; `begin` connects and keeps what it tells.
async () => {
  const { Laurel } = await import("/assets/laurel.js");
  const { Session, session } = await import("/assets/session.js");
  const { makeActionId } = await import("/assets/laurel/guests.js");
  const told = { states: [], changes: [], own: [], ended: [] };

  const begin = async (who, channel) => {
    const laurel = new Laurel({ session: who });
    const board = laurel.follow(channel, { limit: 10 });
    laurel.on("state", ({ state }) => told.states.at(-1) !== state && told.states.push(state));
    laurel.own.on("event", (event) => told.own.push(event));
    board.on("change", ({ event, moved }) => told.changes.push({ event: event.event, moved: [...moved.keys()] }));
    board.on("ended", (reason) => told.ended.push(reason));
    const play = async (score) => {
      const actionId = makeActionId();
      const body = { actionId, score, timestamp: new Date().toISOString() };
      return { ...(await laurel.request("POST", "/api/actions/complete", { body })), actionId };
    };
    Object.assign(window, { laurel, board, play });
    await laurel.start();
  };

  Object.assign(window, { Session, session, told, begin });
};
