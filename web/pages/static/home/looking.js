// Who looks at this page, and its one connection: shared by all that the page shows.

import { Laurel } from "../laurel.js";
import { session } from "../session.js";

export { session };
export const laurel = new Laurel({ session });
