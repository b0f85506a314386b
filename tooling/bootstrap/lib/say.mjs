/** One plain line of the bootstrap's own, told apart from what the steps print. */
export function say(message) {
  console.log(`nuwa: ${message}`);
}
