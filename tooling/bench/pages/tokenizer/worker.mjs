import { answer } from "@nuwa/testing/page";
import { measure } from "./measure.mjs";

answer(measure);
