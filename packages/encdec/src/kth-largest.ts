/**
 * The `k`-th largest of some numbers, from 1 on, by Hoare's quickselect. They are reordered: the `k` largest come first.
 *
 * @param values without NaN
 */
export function kthLargest(values: Float32Array, k: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const pivot = median(values[low], values[(low + high) >> 1], values[high]);
    let left = low;
    let right = high;
    while (left <= right) {
      while (values[left] > pivot) left++;
      while (values[right] < pivot) right--;
      if (left > right) break;
      const value = values[left];
      values[left++] = values[right];
      values[right--] = value;
    }
    if (k - 1 <= right) high = right;
    else if (k - 1 >= left) low = left;
    else break; // what lies between equals the pivot
  }
  return values[k - 1];
}

function median(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
