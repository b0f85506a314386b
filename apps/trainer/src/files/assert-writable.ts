import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import { NuwaError } from "@nuwa/tensor3d";
import { fileError } from "@nuwa/tensor3d/node";

/** Says before the work that its result could not be written to a file. @throws NuwaError `FILE` */
export async function assertWritable(file: string): Promise<void> {
  const folder = dirname(file);
  await access(folder, constants.W_OK).catch((error) => {
    if (error.code !== "ENOENT") throw fileError("write into", folder, error);
    throw new NuwaError("FILE", `There is no folder ${folder} to write into.`, { hint: "Make it first." });
  });
}
