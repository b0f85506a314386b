import { NuwaError } from "@nuwa/tensor3d";
import type { z } from "zod";

/**
 * Parses a config and names every field that is wrong or unknown in one error.
 *
 * @throws NuwaError `CONFIG`
 */
export function checkConfig<Schema extends z.ZodType>(
  where: string,
  schema: Schema,
  config: unknown,
): z.output<Schema> {
  const result = schema.safeParse(config);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => {
    const path = issue.path.join(".");
    return path === "" ? issue.message : `${path}: ${issue.message}`;
  });
  throw new NuwaError("CONFIG", `${where}: ${lines.join("; ")}.`);
}
