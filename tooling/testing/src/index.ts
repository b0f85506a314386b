export { closedFolder } from "./closed-folder.ts";
export { expectClose } from "./expect-close.ts";
export { expectNoLeak } from "./expect-no-leak.ts";
export { isRequired } from "./is-required.ts";
export { useCpu } from "./use-cpu.ts";
