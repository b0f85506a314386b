import { delimiter } from "node:path";

/** The environment of every step: no telemetry, no update notices, `folder` first on the PATH. */
export function stepEnvironment(folder) {
  const environment = {
    ...process.env,
    DO_NOT_TRACK: "1",
    TURBO_TELEMETRY_DISABLED: "1",
    TURBO_NO_UPDATE_NOTIFIER: "1",
    NO_UPDATE_NOTIFIER: "1",
    npm_config_update_notifier: "false",
    npm_config_fund: "false",
    npm_config_audit: "false",
  };
  if (folder === undefined) return environment;
  const path = Object.keys(environment).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  environment[path] = environment[path] ? `${folder}${delimiter}${environment[path]}` : folder;
  return environment;
}
