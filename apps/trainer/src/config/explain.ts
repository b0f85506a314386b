import { nearWords } from "@nuwa/tasks";
import { z } from "zod";

/** One fault of a config in words, with the path of the field: `demo.imges: unknown field; did you mean images?` */
export function explainIssues(
  schema: z.ZodType,
  issues: readonly z.core.$ZodIssue[],
  input: unknown,
): string[] {
  return issues.flatMap((issue) => explainIssue(schema, issue, input));
}

function explainIssue(schema: z.ZodType, issue: z.core.$ZodIssue, input: unknown): string[] {
  if (issue.code === "unrecognized_keys") {
    const allowed = fieldsAt(schema, issue.path);
    return issue.keys.map((key) => {
      const near = nearWords(key, allowed, 1);
      const meant = near.length > 0 ? ` Did you mean "${near[0]}"?` : "";
      const list = allowed.length > 0 ? ` Allowed here: ${allowed.join(", ")}.` : "";
      return `${pathText([...issue.path, key])}: unknown field.${meant}${list}`;
    });
  }
  if (issue.code === "invalid_union") {
    const closest = [...issue.errors].sort((a, b) => a.length - b.length || depth(b) - depth(a));
    const branches = closest.map((errors) =>
      errors.map((each) => ({ ...each, path: [...issue.path, ...each.path] })),
    );
    return branches.length > 0
      ? [alternatives(schema, branches, issue.path, input)]
      : [`${pathText(issue.path)}: ${issue.message}.`];
  }
  const value = valueAt(input, issue.path);
  if (value === undefined) return [`${pathText(issue.path)}: missing. ${sentence(issue.message)}`];
  return [`${pathText(issue.path)}: ${sentence(issue.message)} Got ${JSON.stringify(value)}.`];
}

function alternatives(
  schema: z.ZodType,
  branches: readonly (readonly z.core.$ZodIssue[])[],
  path: readonly PropertyKey[],
  input: unknown,
): string {
  const texts = branches.map((issues) => explainIssues(schema, issues, input).join(" "));
  return `${pathText(path)}: fits none of its forms: ${texts.map((text, index) => `(${index + 1}) ${text}`).join(" ")}`;
}

const depth = (issues: readonly z.core.$ZodIssue[]): number =>
  Math.max(0, ...issues.map(({ path }) => path.length));

const pathText = (path: readonly PropertyKey[]): string =>
  path.length === 0 ? "the config" : path.map(String).join(".");

function sentence(message: string): string {
  const text = message.replace(/^Invalid input: /, "").replace(/\.$/, "");
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    input,
  );
}

/** Names of the fields that a schema allows at a path, through wrappers; of a union, those of all its forms. */
function fieldsAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let forms = unwrap(schema);
  for (const key of path)
    forms = forms.flatMap((form) => (form.shape[String(key)] ? unwrap(form.shape[String(key)]) : []));
  return [...new Set(forms.flatMap((form) => Object.keys(form.shape)))];
}

function unwrap(schema: z.core.$ZodType): z.ZodObject[] {
  if (schema instanceof z.ZodObject) return [schema];
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(unwrap);
  if (schema instanceof z.ZodPipe) return unwrap(schema.in);
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.unwrap());
  }
  return [];
}
