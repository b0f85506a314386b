import { useBackend } from "@nuwa/backends";
import { type PageBackend, useOnPage } from "@nuwa/testing/page";
import { checkExactness, type ExactnessReport } from "../suite.ts";

declare global {
  var exactnessHere: (backend: PageBackend, cases: number) => Promise<ExactnessReport>;
}

globalThis.exactnessHere = async (backend, cases) => {
  await useOnPage(useBackend, backend);
  return checkExactness(cases);
};
