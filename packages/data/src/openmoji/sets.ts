import type { EmojiFilter } from "./config.ts";

/** 24 simple drawings, unlike in shape and colour: for runs of minutes on a laptop. */
export const tinyEmoji: readonly string[] = words(`
  apple, banana, carrot, eggplant, mushroom, cactus, tree, pizza,
  doughnut, cupcake, penguin, fox, frog, panda, octopus, butterfly,
  bear, balloon, star, umbrella, rocket, crown, gem, tractor`);

/** 100 drawings, the tiny ones first: for runs of hours. */
export const smallEmoji: readonly string[] = [
  ...tinyEmoji,
  ...words(`
    pig, elephant, lion, koala, owl, chicken, flamingo, parrot, peacock, turtle,
    snake, whale, fish, crab, ladybug, snail, bat, unicorn, cow, duck,
    rose, sunflower, grapes, watermelon, lemon, pear, peach, cherries, strawberry, pineapple,
    avocado, tomato, broccoli, onion, bread, pretzel, croissant, cheese, hamburger, popcorn,
    egg, lollipop, candy, teapot, house, castle, tent, volcano, locomotive, bus,
    bicycle, sailboat, anchor, airplane, parachute, helicopter, hourglass, moon, sun, cloud,
    rainbow, snowman, fire, droplet, gift, trophy, basketball, kite, guitar, drum,
    bell, key, bomb, magnet, scissors, candle`),
];

/** The six groups of everyday drawings, without skin tones and clock faces. */
export const allEmoji: EmojiFilter = {
  groups: ["smileys-emotion", "animals-nature", "food-drink", "travel-places", "activities", "objects"],
};

function words(list: string): string[] {
  return list.split(",").map((name) => name.trim());
}
