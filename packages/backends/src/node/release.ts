/** The libtensorflow that this package is made for and tested with. */
export const TENSORFLOW_VERSION = "2.21.0";

/** A file inside a wheel or jar, with what it must be. */
export interface PinnedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Where the library for one system comes from. */
export interface Release {
  /** The wheel's name on the package index. */
  readonly wheel: string;
  /** pip's name of the system, as in the wheel's file name. */
  readonly pipPlatform: string;
  readonly wheelSha256: string;
  readonly wheelBytes: number;
  /** The same library in a jar of `org.tensorflow:tensorflow-core-native`. */
  readonly jar?: {
    readonly version: string;
    readonly classifier: string;
    readonly sha256: string;
    readonly bytes: number;
    /** Where they differ from the wheel's. */
    readonly files?: readonly [PinnedFile, PinnedFile];
  };
  /** The two shared objects, the framework first. */
  readonly files: readonly [PinnedFile, PinnedFile];
}

const releases: Readonly<Record<string, Release>> = {
  "linux-x64": {
    wheel: "tensorflow-cpu",
    pipPlatform: "manylinux_2_27_x86_64",
    wheelSha256: "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
    wheelBytes: 273_829_956,
    jar: {
      version: "1.2.0",
      classifier: "linux-x86_64",
      sha256: "e6fc5afb04092f3427408f1947ec1e5832ed196009acfc088b4d38a516b708bd",
      bytes: 192_265_303,
    },
    files: [
      {
        name: "libtensorflow_framework.so.2",
        bytes: 65_222_328,
        sha256: "f060b323b26ef80add21b9df9428de3aeaf2843d772c5bb098745f7abff3709b",
      },
      {
        name: "libtensorflow_cc.so.2",
        bytes: 788_086_608,
        sha256: "6505a4b9657e62100c6bdacb683957a395cb047725042945aaa50e40a71e429e",
      },
    ],
  },
  "linux-arm64": {
    wheel: "tensorflow",
    pipPlatform: "manylinux_2_27_aarch64",
    wheelSha256: "4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c",
    wheelBytes: 281_828_020,
    jar: {
      version: "1.2.0",
      classifier: "linux-arm64",
      sha256: "5f35ca75d4d735fc3e66af29d4e2a4191fbc98d0a2f7411e70b3174a20ba3d49",
      bytes: 194_524_452,
    },
    files: [
      {
        name: "libtensorflow_framework.so.2",
        bytes: 68_176_664,
        sha256: "deade33b9ab90ff468fd1d1f8f6079bec5a3a507cf2d13c3218aa8beec28aeb3",
      },
      {
        name: "libtensorflow_cc.so.2",
        bytes: 814_885_544,
        sha256: "5f7de6ba6478ed7b83767a6e661e3e6e6931b05c64db14ba98250e52316a007c",
      },
    ],
  },
  "darwin-arm64": {
    wheel: "tensorflow",
    pipPlatform: "macosx_12_0_arm64",
    wheelSha256: "51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88",
    wheelBytes: 223_405_849,
    jar: {
      version: "1.2.0",
      classifier: "macosx-arm64",
      sha256: "570d8b845e4832cc06a59ae0a05d1bb8c7a11197f48de9664b4f86123dbcafd3",
      bytes: 151_381_240,
      // Signed anew.
      files: [
        {
          name: "libtensorflow_framework.2.dylib",
          bytes: 49_452_976,
          sha256: "b85ee779d05c7f091032ef076a1de24567a72e2af6280c078c71c95d531460fb",
        },
        {
          name: "libtensorflow_cc.2.dylib",
          bytes: 691_369_176,
          sha256: "ff9c51060f9b59128111137a7db14648497f4098dad97bcf9d7be5b6ed2e072a",
        },
      ],
    },
    files: [
      {
        name: "libtensorflow_framework.2.dylib",
        bytes: 49_452_976,
        sha256: "e581d6db9e26f13e49327427e5d304cecbfe45d3467db7700e058857a4fd76bb",
      },
      {
        name: "libtensorflow_cc.2.dylib",
        bytes: 691_352_648,
        sha256: "753272d059c7be51f64369aaa8e12ac514ce372e0c4ba66f3cc49ec3b1c33384",
      },
    ],
  },
};

/** The release for a system, undefined where none is published. */
export function releaseFor(
  platform: string = process.platform,
  arch: string = process.arch,
): Release | undefined {
  return releases[`${platform}-${arch}`];
}
