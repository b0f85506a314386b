import koffi from "koffi";
import type { Pointer } from "./functions.ts";

/** C strings that live as long as the process: operation and attribute names, a few hundred at most. */
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
}
