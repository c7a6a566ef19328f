// Enable and disable Web Image OCR for a project.

import { confirmDialog } from "./dialogs.js";
import { t } from "./i18n.js";
import { request } from "./session.js";

/** Toggle the service, with a confirmation to disable it; resolve to whether it has changed. */
export async function toggleService({ id, name, enabled }) {
  if (enabled) {
    const why = t("service.disable_why", { name });
    if (!(await confirmDialog(t("service.disable_ask"), why, t("disable")))) return false;
  }
  await request(enabled ? "DELETE" : "PUT", `/v1/projects/${id}/subscription`);
  return true;
}
