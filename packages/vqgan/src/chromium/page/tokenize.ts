import { useBackend } from "@nuwa/backends";
import { type PageBackend, useOnPage } from "@nuwa/testing/page";
import { drawnModel, type RoundTrip, roundTrip } from "../round-trip.ts";

export interface TokenizeRequest {
  readonly backend: PageBackend;
  /** What is decoded. */
  readonly codes: readonly number[];
}

/** The same on a page and in a worker. */
export async function tokenize({ backend, codes }: TokenizeRequest): Promise<RoundTrip> {
  await useOnPage(useBackend, backend);
  const model = await drawnModel();
  const result = await roundTrip(model, codes);
  model.dispose();
  return result;
}
