/** `basis[frequency * 8 + place]` of the orthonormal DCT-II. */
const basis = Float64Array.from({ length: 64 }, (_, index) => {
  const [frequency, place] = [index >> 3, index & 7];
  const scale = frequency === 0 ? Math.SQRT1_2 / 2 : 0.5;
  return scale * Math.cos(((2 * place + 1) * frequency * Math.PI) / 16);
});

const block = new Float64Array(64);
const between = new Float64Array(64);

/**
 * Rounds the DCT coefficients of each 8 × 8 block and channel to multiples of `step (1 + u + v)`, coarser for
 * higher frequencies u and v, as JPEG does, in place.
 */
export function roundBlocks(pixels, size, step) {
  for (let top = 0; top < size; top += 8) {
    for (let left = 0; left < size; left += 8) {
      for (let channel = 0; channel < 3; channel++) {
        const place = (index) => ((top + (index >> 3)) * size + left + (index & 7)) * 3 + channel;
        for (let index = 0; index < 64; index++) block[index] = pixels[place(index)];
        transform(false);
        for (let index = 0; index < 64; index++) {
          const unit = step * (1 + (index >> 3) + (index & 7));
          block[index] = unit * Math.round(block[index] / unit);
        }
        transform(true);
        for (let index = 0; index < 64; index++) pixels[place(index)] = block[index];
      }
    }
  }
}

/** `block` becomes B block Bᵀ, or with `isInverse` Bᵀ block B. */
function transform(isInverse) {
  const at = isInverse ? (row, inner) => basis[inner * 8 + row] : (row, inner) => basis[row * 8 + inner];
  for (let row = 0; row < 8; row++) {
    for (let column = 0; column < 8; column++) {
      let sum = 0;
      for (let inner = 0; inner < 8; inner++) sum += at(row, inner) * block[inner * 8 + column];
      between[row * 8 + column] = sum;
    }
  }
  for (let row = 0; row < 8; row++) {
    for (let column = 0; column < 8; column++) {
      let sum = 0;
      for (let inner = 0; inner < 8; inner++) sum += between[row * 8 + inner] * at(column, inner);
      block[row * 8 + column] = sum;
    }
  }
}
