import { answer } from "@nuwa/testing/page";
import { tokenize } from "./tokenize.ts";

answer(tokenize);
