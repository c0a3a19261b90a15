// The token that calls are tried with: pasted, or that of a guest who is made for it.

import { call } from "../laurel/calls.js";
import { makeGuestName, makePassword } from "../laurel/guests.js";
import { oneAtATime } from "../dom.js";
import { byId } from "./elements.js";
import { know } from "./known.js";

export function startToken() {
  byId("guest").addEventListener("click", () => oneAtATime(byId("guest"), becomeGuest));
}

/** Returns the access token, or "". */
export function readToken() {
  return byId("token").value.trim();
}

async function becomeGuest() {
  try {
    const { status, body } = await call("", "POST", "/api/auth/register", {
      body: { username: makeGuestName(), password: makePassword() },
    });
    if (status !== 201) throw new Error(body?.error?.message ?? `the server answered ${status}`);
    byId("token").value = body.accessToken;
    know("userId", body.userId);
    say(`You are ${body.username}. The token is kept on this page only.`, "good");
  } catch (error) {
    say(`No token: ${error.message}`, "bad");
  }
}

function say(text, kind) {
  byId("token-state").textContent = text;
  byId("token-state").className = kind;
}
