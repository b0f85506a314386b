import { doctor, formatDoctor } from "@nuwa/backends";
import type { Console } from "../console/console.ts";

/** `nuwa doctor`. */
export async function runDoctor(console: Console): Promise<void> {
  console.line(formatDoctor(await doctor()));
}
