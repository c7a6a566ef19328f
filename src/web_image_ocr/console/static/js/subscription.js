// Web Image OCR of a project, switched on and off.

import { confirmed } from "./dialogs.js";
import { say } from "./i18n.js";
import { ask } from "./session.js";

/** Enables it, or, if the person is sure, disables it; resolves to whether it was changed. */
export async function switchService({ id, name, enabled }) {
  if (enabled) {
    const why = say("service.disable_why", { name });
    if (!(await confirmed(say("service.disable_ask"), why, say("disable")))) return false;
  }
  await ask(enabled ? "DELETE" : "PUT", `/v1/projects/${id}/subscription`);
  return true;
}
