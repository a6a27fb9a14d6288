// What a synthetic face is like: every number that FacePainter needs, drawn from one random stream.

import ElementaryFunctions
import Randomness

/// The traits of one face. Lengths are in the head's plane: the head is about 1.1 wide and 1.5 high, its middle at 0,
/// x to the right, y down. Nearly all vary smoothly, so that a small net learns the family quickly.
struct FaceTraits {
  // The head and its pose.
  var head: Placement
  var radii: Point
  /// How much narrower the jaw is than the temples, 0...0.4.
  var jaw: Float
  /// -1 (looks to the left of the picture) ... 1 (to the right).
  var turn: Float
  /// -1 (up) ... 1 (down).
  var pitch: Float

  // Light and colours.
  /// A unit vector to the light.
  var light: SIMD3<Float>
  var ambient: Float
  var skin: Colour
  var blush: Float
  var hair: Colour
  var backgroundTop: Colour
  var backgroundBottom: Colour
  var backgroundTilt: Float
  var clothes: Colour

  // The hair: an outer shape, with an opening for the face.
  /// Beyond the head at the top and at the sides.
  var hairTop: Float
  var hairSide: Float
  /// How far down it hangs.
  var hairLength: Float
  var hairFlare: Float
  var curl: Float
  var curlPhase: Point
  /// The opening's top, its half width, and how square it is (fringe: 1).
  var hairline: Float
  var openingWidth: Float
  var openingSquare: Float
  var openingShift: Float
  var openingTilt: Float
  /// 0: bald ... 1.
  var hairDensity: Float
  var bun: Float

  // The face.
  var eyeSpacing: Float
  var eyeY: Float
  var eyeWidth: Float
  var eyeOpening: Float
  var eyeSlant: Float
  var iris: Colour
  var irisRadius: Float
  var gaze: Point
  var browHeight: Float
  var browArch: Float
  var browThickness: Float
  var browTilt: Float
  var noseLength: Float
  var noseWidth: Float
  var mouthY: Float
  var mouthWidth: Float
  var smile: Float
  var mouthOpening: Float
  var lips: Float
  var lipColour: Colour
  var earSize: Float
  /// 0: none ... 1.
  var beard: Float
  var glasses: Float
  var glassesColour: Colour

  init(seed: UInt64, index: Int) {
    var random = RandomStream(seed: seed, purpose: .syntheticFace, step: index)
    func uniform(_ low: Float, _ high: Float) -> Float { low + (high - low) * random.uniform() }
    /// Bell-shaped around `mean`, never further away than `reach`.
    func around(_ mean: Float, _ reach: Float) -> Float {
      mean + reach * ((random.uniform() + random.uniform() + random.uniform()) * (2 / 3) - 1)
    }
    func chance(_ probability: Float) -> Bool { random.uniform() < probability }
    /// A point on a line through `colours`, 0...1.
    func along(_ colours: [Colour], _ t: Float) -> Colour {
      let place = max(0, min(1, t)) * Float(colours.count - 1)
      let i = min(Int(place), colours.count - 2)
      return mix(colours[i], colours[i + 1], place - Float(i))
    }

    let tilt = around(0, 0.22)
    head = Placement(
      origin: Point(around(0, 0.07), around(0.08, 0.06)), scale: around(1.08, 0.1),
      turn: Point(Elementary.cos(tilt), Elementary.sin(tilt)))
    radii = Point(around(0.565, 0.06), around(0.75, 0.05))
    jaw = uniform(0.1, 0.34)
    turn = around(0, 1)
    pitch = around(0, 1)

    let lightAngle = uniform(-1.3, 1.3)
    let lightHeight = uniform(0.1, 0.7)
    light = Self.unit(SIMD3(Elementary.sin(lightAngle), -lightHeight, 0.55 + 0.6 * Elementary.cos(lightAngle)))
    ambient = uniform(0.5, 0.7)

    let tone = random.uniform()
    skin =
      along(Self.skins, tone)
      + Colour(around(0, 0.025), around(0, 0.02), around(0, 0.03), 0)
    blush = uniform(0, 0.16) * (1 - 0.6 * tone)
    // Dark skin goes with dark hair more often than not.
    let hairTone = chance(0.12) ? 1 : random.uniform() * (tone > 0.6 ? 0.35 : 0.9)
    hair = along(Self.hairs, hairTone) + Colour(around(0, 0.04), around(0, 0.03), around(0, 0.03), 0)

    let hue = random.uniform()
    let saturation = uniform(0.05, 0.42)
    let brightness = uniform(0.3, 0.95)
    backgroundTop = Self.colour(hue: hue, saturation: saturation, brightness: brightness)
    backgroundBottom = Self.colour(
      hue: hue + around(0, 0.12), saturation: saturation * uniform(0.6, 1.2), brightness: brightness * uniform(0.5, 1))
    backgroundTilt = around(0, 0.8)
    clothes = Self.colour(hue: random.uniform(), saturation: uniform(0.1, 0.7), brightness: uniform(0.15, 0.9))

    curl = 0
    bun = 0
    hairDensity = 1
    openingSquare = uniform(0, 0.5)
    openingTilt = around(0, 0.25)
    openingShift = around(0, 0.06)
    openingWidth = uniform(0.49, 0.54)
    hairline = uniform(-0.5, -0.36)
    hairFlare = 0
    let style = random.uniform()
    switch style {
    case ..<0.3:  // short
      (hairTop, hairSide, hairLength) = (uniform(0.05, 0.16), uniform(0.02, 0.07), uniform(-0.12, 0.02))
      openingWidth = uniform(0.52, 0.58)
    case ..<0.42:  // swept to one side
      (hairTop, hairSide, hairLength) = (uniform(0.1, 0.2), uniform(0.03, 0.09), uniform(-0.05, 0.15))
      openingTilt = (chance(0.5) ? 1 : -1) * uniform(0.3, 0.55)
    case ..<0.56:  // a fringe, to the chin
      (hairTop, hairSide, hairLength) = (uniform(0.08, 0.14), uniform(0.1, 0.18), uniform(0.35, 0.65))
      (hairline, openingSquare, openingTilt) = (uniform(-0.32, -0.24), uniform(0.7, 1), around(0, 0.08))
      openingWidth = uniform(0.44, 0.5)
    case ..<0.8:  // long
      (hairTop, hairSide, hairLength) = (uniform(0.07, 0.15), uniform(0.1, 0.2), uniform(0.8, 1.3))
      openingWidth = uniform(0.45, 0.51)
      hairFlare = uniform(0, 0.3)
      curl = chance(0.5) ? uniform(0.2, 0.8) : 0
    case ..<0.9:  // curls all around
      (hairTop, hairSide, hairLength) = (uniform(0.16, 0.3), uniform(0.14, 0.28), uniform(0.1, 0.4))
      openingWidth = uniform(0.48, 0.52)
      curl = uniform(0.7, 1.2)
    case ..<0.95:  // tied up
      (hairTop, hairSide, hairLength) = (uniform(0.05, 0.09), uniform(0.02, 0.05), uniform(-0.1, 0.05))
      bun = uniform(0.16, 0.26)
    default:  // nearly or wholly bald
      (hairTop, hairSide, hairLength) = (uniform(0.01, 0.03), uniform(0.01, 0.03), uniform(-0.1, 0.05))
      (hairline, hairDensity) = (uniform(-0.75, -0.6), uniform(0, 0.6))
      openingWidth = 0.56
    }
    curlPhase = Point(uniform(0, 6.28), uniform(0, 6.28))

    eyeSpacing = around(0.245, 0.03)
    eyeY = around(-0.02, 0.04)
    eyeWidth = around(0.128, 0.02)
    eyeOpening = around(0.075, 0.025)
    eyeSlant = around(-0.005, 0.025)
    iris = along(Self.irises, random.uniform() * (tone > 0.6 ? 0.4 : 1))
    irisRadius = around(0.068, 0.008)
    gaze = Point(around(0, 0.045), around(0, 0.015))
    browHeight = around(0.165, 0.035)
    browArch = around(0.045, 0.04)
    browThickness = around(0.04, 0.02)
    browTilt = around(0.012, 0.03)
    noseLength = around(0.27, 0.05)
    noseWidth = around(0.085, 0.025)
    mouthY = around(0.46, 0.035)
    mouthWidth = around(0.225, 0.05)
    smile = around(0.58, 0.6)
    mouthOpening = max(0, around(0.01, 0.08)) * (0.6 + 0.4 * max(0, smile))
    lips = around(0.042, 0.02)
    lipColour = mix(
      skin * Colour(0.88, 0.64, 0.62, 1), Colour(0.78, 0.16, 0.22, 0), uniform(0, hairLength > 0.3 ? 0.75 : 0.15))
    earSize = around(0.115, 0.025)
    beard = hairLength < 0.2 && bun == 0 && chance(0.3) ? uniform(0.15, 0.95) : 0
    glasses = chance(0.12) ? uniform(0.6, 1) : 0
    glassesColour = mix(Colour(0.05, 0.05, 0.07, 0), Colour(0.45, 0.25, 0.12, 0), random.uniform())
  }

  // MARK: - Palettes

  private static let skins: [Colour] = [
    Colour(1.0, 0.86, 0.77, 0), Colour(0.96, 0.79, 0.67, 0), Colour(0.89, 0.69, 0.54, 0), Colour(0.76, 0.55, 0.4, 0),
    Colour(0.58, 0.39, 0.28, 0), Colour(0.43, 0.29, 0.21, 0),
  ]
  private static let hairs: [Colour] = [
    Colour(0.06, 0.05, 0.06, 0), Colour(0.15, 0.1, 0.08, 0), Colour(0.3, 0.19, 0.12, 0), Colour(0.48, 0.25, 0.12, 0),
    Colour(0.68, 0.46, 0.24, 0), Colour(0.88, 0.72, 0.44, 0), Colour(0.72, 0.7, 0.69, 0),
  ]
  private static let irises: [Colour] = [
    Colour(0.13, 0.08, 0.06, 0), Colour(0.3, 0.18, 0.1, 0), Colour(0.36, 0.36, 0.18, 0), Colour(0.25, 0.45, 0.4, 0),
    Colour(0.25, 0.45, 0.68, 0),
  ]

  /// (The order of `sum()`'s additions is promised nowhere.)
  private static func unit(_ v: SIMD3<Float>) -> SIMD3<Float> {
    v / (v.x * v.x + v.y * v.y + v.z * v.z).squareRoot()
  }

  private static func colour(hue: Float, saturation: Float, brightness: Float) -> Colour {
    func channel(_ offset: Float) -> Float {
      brightness * (1 - saturation * (0.5 - 0.5 * Elementary.cos(6.2831853 * (hue + offset))))
    }
    return Colour(channel(0), channel(1 / 3), channel(2 / 3), 0)
  }
}
