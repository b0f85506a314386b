// Run by npx with pnpm on its PATH: prints the folder that holds the pnpm command.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const names = process.platform === "win32" ? ["pnpm.cmd", "pnpm.exe"] : ["pnpm"];
const folders = (process.env.PATH ?? process.env.Path ?? "").split(delimiter);
const found = folders.find((folder) => names.some((name) => existsSync(join(folder, name))));
if (found === undefined) process.exitCode = 1;
else console.log(found);
