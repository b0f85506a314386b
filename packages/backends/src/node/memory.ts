import koffi from "koffi";
import type { Pointer } from "./functions.ts";

/** C strings that are made once: names of operations and attributes, a few hundred at most, and of functions while they live. */
export class CStrings {
  private readonly addresses = new Map<string, Pointer>();

  /** The address of a zero-terminated copy of `text`. */
  of(text: string): Pointer {
    let address = this.addresses.get(text);
    if (address === undefined) {
      const bytes = Buffer.from(`${text}\0`);
      const memory = koffi.alloc("uint8_t", bytes.length);
      koffi.encode(memory, "uint8_t", bytes, bytes.length);
      address = Number(koffi.address(memory));
      this.addresses.set(text, address);
    }
    return address;
  }

  /** Frees the copy of a text that C holds no longer. */
  forget(text: string): void {
    const address = this.addresses.get(text);
    if (address === undefined) return;
    koffi.free(address);
    this.addresses.delete(text);
  }
}
