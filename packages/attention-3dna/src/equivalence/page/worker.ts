import { answer } from "@nuwa/testing/page";
import { check } from "./check.ts";

answer(check);
