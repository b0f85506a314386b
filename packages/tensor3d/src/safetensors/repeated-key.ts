/** A key that stands twice in one object of a valid JSON text, or undefined. `JSON.parse` keeps the last. */
export function repeatedKey(json: string): string | undefined {
  const objects: Set<string>[] = [];
  for (let place = 0; place < json.length; place++) {
    const character = json[place];
    if (character === "{") objects.push(new Set());
    else if (character === "}") objects.pop();
    else if (character === '"') {
      const start = place++;
      while (json[place] !== '"') place += json[place] === "\\" ? 2 : 1;
      let next = place + 1;
      while (json.charCodeAt(next) <= 32) next++;
      if (json[next] !== ":") continue;
      const key = JSON.parse(json.slice(start, place + 1)) as string;
      const keys = objects[objects.length - 1];
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}
