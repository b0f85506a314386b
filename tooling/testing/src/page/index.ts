export { type PageBackend, useOnPage } from "./use-on-page.ts";
export { answer, ask } from "./worker.ts";
