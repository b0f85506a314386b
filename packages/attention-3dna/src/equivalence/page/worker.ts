import { type CheckRequest, check } from "./check.ts";

globalThis.onmessage = async ({ data }: MessageEvent<CheckRequest>) => {
  try {
    postMessage({ result: await check(data) });
  } catch (error) {
    postMessage({ error: String(error) });
  }
};
