export { OpenMojiFeatures } from "./openmoji-features.ts";
