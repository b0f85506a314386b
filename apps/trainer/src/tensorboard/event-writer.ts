import { closeSync, openSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileError } from "@nuwa/tensor3d/node";
import { type EventImage, encodeSummaryEvent, encodeVersionEvent } from "./event.ts";
import { encodeRecord } from "./record.ts";

/**
 * Appends to a new `events.out.tfevents.*` file of a folder, as TensorBoard reads them. Each call reaches
 * the file at once, so a run can be watched. A resumed run opens a further file; TensorBoard joins them.
 */
export class EventWriter {
  readonly path: string;
  private readonly descriptor: number;

  constructor(folder: string) {
    const time = Date.now() / 1000;
    const stamp = String(Math.floor(time)).padStart(10, "0");
    this.path = join(
      folder,
      `events.out.tfevents.${stamp}.${hostname()}.${process.pid}.${Date.now() % 1000}`,
    );
    try {
      this.descriptor = openSync(this.path, "a");
    } catch (error) {
      throw fileError("write the events", this.path, error);
    }
    this.append(encodeVersionEvent(time));
  }

  /** Adds one value to the curve of each tag. Values that are not finite are kept: TensorBoard shows them. */
  scalars(step: number, scalars: Readonly<Record<string, number>>): void {
    this.append(encodeSummaryEvent({ time: Date.now() / 1000, step, scalars }));
  }

  image(step: number, tag: string, image: EventImage): void {
    this.append(encodeSummaryEvent({ time: Date.now() / 1000, step, images: { [tag]: image } }));
  }

  close(): void {
    closeSync(this.descriptor);
  }

  private append(event: Uint8Array): void {
    const record = encodeRecord(event);
    try {
      for (let done = 0; done < record.length; ) done += writeSync(this.descriptor, record, done);
    } catch (error) {
      throw fileError("write the events", this.path, error);
    }
  }
}
