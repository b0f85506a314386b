import { ask } from "@nuwa/testing/page";
import type { RoundTrip } from "../round-trip.ts";
import { type TokenizeRequest, tokenize } from "./tokenize.ts";

declare global {
  var tokenizeHere: (request: TokenizeRequest) => Promise<RoundTrip>;
  var tokenizeInWorker: (request: TokenizeRequest) => Promise<RoundTrip>;
}

globalThis.tokenizeHere = tokenize;

globalThis.tokenizeInWorker = (request) =>
  ask(new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }), request);
