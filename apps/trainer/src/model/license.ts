/** The credit that OpenMoji asks for, wherever its drawings show. */
export const CREDIT =
  "Drawings: OpenMoji, the open-source emoji and icon project (openmoji.org), licence CC BY-SA 4.0. " +
  "They were resized, coloured backgrounds were added, and a model was trained on them.";

/** `LICENSE.txt` beside what is made from the drawings: galleries and weights. */
export const LICENSE_TEXT = `${CREDIT}

This folder is made from these drawings and is published under the same licence,
Creative Commons Attribution-ShareAlike 4.0 International (CC BY-SA 4.0):
https://creativecommons.org/licenses/by-sa/4.0/
`;
