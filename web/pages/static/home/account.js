// Who plays on this page: nobody yet, a guest, or somebody who logged in; a new name, a login.

import { byId, oneAtATime } from "../dom.js";
import { session } from "./looking.js";

const PROBLEMS = {
  USERNAME_TAKEN: "Somebody has this name, or one that looks like it.",
  INVALID_PAYLOAD: "A name has 3 to 32 characters, with a letter or digit, of one script and nothing invisible.",
  INVALID_CREDENTIALS: "Name or password is wrong.",
  RATE_LIMIT_EXCEEDED: "Too many attempts. Try again in a moment.",
  BANNED: "This player is banned.",
};

function explain(error) {
  if (error.code) return PROBLEMS[error.code] ?? error.message;
  return "The server cannot be reached. Try again in a moment.";
}

function drawWho() {
  const who = byId("who");
  if (!session.isPlayer) {
    who.textContent = "You are watching. Your first round makes you a guest, without any form.";
  } else {
    const name = document.createElement("bdi");
    name.id = "name";
    name.textContent = session.username;
    who.replaceChildren(session.kind === "guest" ? "You play as guest " : "You play as ", name);
  }
  byId("own").hidden = !session.isPlayer;
  byId("rename").hidden = !session.isPlayer;
  // A guest's password is known here, and nobody else's.
  byId("rename-secret").hidden = session.kind !== "player";
  byId("rename-password").required = session.kind === "player";
  byId("log-out").hidden = session.kind !== "player";
  byId("log-in").hidden = session.kind === "player";
}

// A button that opens a form, and closes it; the focus goes into it and comes back.
function connect({ button, form, problem, submit, prepare = () => {} }) {
  const show = (isOpen) => {
    form.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
    problem.textContent = "";
    if (!isOpen) return form.reset();
    prepare();
    return form.querySelector("input").focus();
  };
  button.addEventListener("click", () => show(form.hidden));
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    show(false);
    button.focus();
  });
  const send = async () => {
    problem.textContent = "";
    try {
      await submit(new FormData(form));
      show(false);
      if (!button.hidden) button.focus();
      else byId("pad").focus();
    } catch (error) {
      problem.textContent = explain(error);
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    oneAtATime(form.querySelector("[type=submit]"), send);
  });
}

/** Draws the account and lets it be changed. */
export function startAccount() {
  connect({
    button: byId("rename"),
    form: byId("rename-form"),
    problem: byId("rename-problem"),
    prepare: () => {
      byId("new-name").value = session.username;
      byId("new-name").select();
    },
    submit: (fields) => session.rename(fields.get("username"), fields.get("password") || undefined),
  });
  connect({
    button: byId("log-in"),
    form: byId("log-in-form"),
    problem: byId("log-in-problem"),
    submit: (fields) => session.logIn(fields.get("username"), fields.get("password")),
  });
  byId("log-out").addEventListener("click", async () => {
    await session.logOut();
    byId("log-in").focus();
  });
  session.on("change", drawWho);
  drawWho();
}
