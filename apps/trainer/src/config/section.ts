import { isNuwaError, NuwaError } from "@nuwa/tensor3d";

/** Runs what checks a section of the config, and says in its errors which section it was. */
export function inSection<Result>(path: string, body: () => Result): Result {
  try {
    return body();
  } catch (error) {
    throw withSection(path, error);
  }
}

/** The same for checks that take time. */
export async function inSectionAsync<Result>(path: string, body: () => Promise<Result>): Promise<Result> {
  try {
    return await body();
  } catch (error) {
    throw withSection(path, error);
  }
}

function withSection(path: string, error: unknown): unknown {
  if (!isNuwaError(error) || error.code !== "CONFIG") return error;
  return new NuwaError("CONFIG", `In the config's ${path}: ${error.message}`, {
    hint: error.hint,
    cause: error,
  });
}
