// A sentence for each code with which an action can be answered, for players. What a check has seen
// and where its limits are is not told. A test compares these tables with the codes of the API.

/** Why an action was rejected, held or taken back. */
export const REASONS = {
  DUPLICATE_ACTION: "This id belongs to another action.",
  STALE_TIMESTAMP: "The action says that it was completed too long ago.",
  FUTURE_TIMESTAMP: "The action says that it was completed in the future. Is the clock of this device right?",
  SCORE_TOO_HIGH: "No single action can bring that many points.",
  SCORE_LIMIT: "The total would be larger than a score can be.",
  VELOCITY: "Too many actions within a minute. Take a breath; the next one counts again.",
  STEP_UP_REQUIRED: "So many points need a second factor, or the game server's signature.",
  SESSION_INVALID: "The play session that it names is unknown or over.",
  SESSION_SHARED: "Several devices play in one session. A moderator will look at it.",
  SESSION_DURATION: "More was played in the session than there was time for.",
  REPLAYED_TIMESTAMP: "Another action had exactly this time. A moderator will look at it.",
  CLOCK_UNSTABLE: "The clock of this device jumps. A moderator will look at it.",
  UNUSUAL_LOCATION: "It comes from an unusual place. A moderator will look at it.",
  UNUSUAL_CLIENT: "It comes from an unusual device. A moderator will look at it.",
  SCORE_BURST: "That is unusually much for one hour. A moderator will look at it.",
  UNUSUAL_BEHAVIOUR: "This is not how people usually play. A moderator will look at it.",
  ANOMALY: "Several things about it are unusual. A moderator will look at it.",
  HELD_BY_MODERATOR: "A moderator has taken it back for now, and will decide on it.",
  VOIDED_BY_MODERATOR: "A moderator has taken it back: it does not count.",
  PROCESSING_FAILED: "The server could not process it, and has written down why.",
};

/** Why a request about an action was refused. */
export const REFUSALS = {
  MALFORMED_JSON: "The server could not read the request.",
  INVALID_PAYLOAD: "Something in the request is not as it should be.",
  PAYLOAD_TOO_LARGE: "The request is larger than the server takes.",
  UNSUPPORTED_MEDIA_TYPE: "The server takes JSON only.",
  UNAUTHORIZED: "The login has ended. Play another round to go on.",
  INVALID_TOKEN: "The login is not valid any more. Play another round to go on.",
  TOKEN_EXPIRED: "The login has ended. Play another round to go on.",
  SIGNATURE_INVALID: "The signature of the game server is not right.",
  CODE_INVALID: "The code of the second factor is not right.",
  FORBIDDEN: "This login may not play.",
  BANNED: "This player is banned: nothing counts until the ban ends.",
  FRAUD_DETECTED: "A check has refused it.",
  DUPLICATE_ACTION: "The server knows this action already: it has counted once, and not again.",
  ACTION_ID_CONFLICT: "The id was used for a different action, so this one was not taken.",
  RATE_LIMIT_EXCEEDED: "Too many requests. The server takes more in a moment.",
  INTERNAL_ERROR: "Something went wrong in the server. It was written down.",
  SERVICE_UNAVAILABLE: "The server cannot store actions at the moment. Send the same again later: it counts once.",
};

const UNKNOWN = "The server gives a reason that this page does not know.";

/** The sentence about an action that is not applied. */
export function explainReason(code) {
  return REASONS[code] ?? UNKNOWN;
}

/** The sentence about an answer with `error`; a reason in its details says more than its code. */
export function explainRefusal({ code, details }) {
  if (code === "FRAUD_DETECTED" && details?.reason) return explainReason(details.reason);
  return REFUSALS[code] ?? UNKNOWN;
}
