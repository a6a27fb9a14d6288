// Draws one synthetic face, back to front: background, hair behind, neck and clothes, ears, head, eyes, brows, nose,
// mouth, beard, glasses, hair in front.

import ElementaryFunctions

struct FacePainter {
  private let t: FaceTraits
  /// Where the features' midline is: turning and nodding move the features over the head.
  private let middle: Point

  init(_ traits: FaceTraits) {
    t = traits
    middle = Point(0.15 * traits.turn, 0.05 * traits.pitch)
  }

  func paint(on canvas: inout Canvas) {
    background(&canvas)
    hairBehind(&canvas)
    body(&canvas)
    ears(&canvas)
    skull(&canvas)
    mouth(&canvas)
    for side: Float in [-1, 1] {
      eye(&canvas, side)
      brow(&canvas, side)
    }
    nose(&canvas)
    if t.glasses > 0 { glasses(&canvas) }
    hairInFront(&canvas)
  }

  // MARK: - Behind the head

  private func background(_ canvas: inout Canvas) {
    canvas.paint(Point(-1, -1), Point(1, 1)) { p, _ in
      let along = 0.5 + 0.5 * (p.y + t.backgroundTilt * p.x) / (1 + abs(t.backgroundTilt))
      return (1, mix(t.backgroundTop, t.backgroundBottom, along))
    }
  }

  private func body(_ canvas: inout Canvas) {
    // Shoulders don't tilt with the head.
    let neck = t.head.toCanvas(Point(0, 0.6))
    canvas.paint(Point(-1, 0.4), Point(1, 1)) { p, pixel in
      let d = ellipse(p - Point(neck.x * 0.7, 1.42), Point(0.98, 0.56))
      let shade = 0.8 + 0.25 * t.light.x * (p.x - neck.x) - 0.25 * (p.y - 0.8)
      return (coverage(d, pixel), t.clothes * shade)
    }
    canvas.paint(Point(-0.36, 0.3), Point(0.36, 1.02), at: t.head) { p, pixel in
      let halfWidth = 0.27 + 0.5 * max(0, p.y - 0.8) * max(0, p.y - 0.8)
      let d = max(abs(p.x) - halfWidth, ellipse(p - Point(0, 0.6), Point(0.5, 0.42)))
      // The chin's shadow.
      let shade = 0.62 + 0.22 * smoothstep(0.66, 0.98, p.y) + 0.12 * t.light.x * p.x / 0.27
      return (coverage(d, pixel), t.skin * shade)
    }
  }

  private func ears(_ canvas: inout Canvas) {
    for side: Float in [-1, 1] {
      // The ear that the face turns to goes out of sight.
      let visible = 1 - 0.75 * max(0, side * t.turn)
      let radii = Point(0.075 * visible + 0.02, t.earSize)
      let centre = Point(side * (t.radii.x - 0.02), 0.06 - 0.06 * t.pitch)
      canvas.paint(centre - radii, centre + radii, at: t.head) { p, pixel in
        let q = p - centre
        let inner = glow(q, radii * 0.75)
        let shade = t.ambient + (1 - t.ambient) * (0.55 + 0.6 * side * t.light.x)
        return (coverage(ellipse(q, radii), pixel), t.skin * (shade - 0.2 * inner))
      }
    }
  }

  // MARK: - The head

  /// About the signed distance to the head's outline, and the point's place in the head as if it were a ball of radius
  /// 1.
  @inline(__always) private func outline(_ p: Point, grow: Float = 0) -> (distance: Float, ball: Point) {
    let below = max(0, p.y / t.radii.y)
    let radii = Point((t.radii.x + grow) * (1 - t.jaw * below * below), t.radii.y + grow)
    return (ellipse(p, radii), p / radii)
  }

  /// Light on a ball, around 1.
  @inline(__always) private func light(_ ball: Point) -> Float {
    let z = max(0, 1 - (ball * ball).sum()).squareRoot()
    let facing = ball.x * t.light.x + ball.y * t.light.y + z * t.light.z
    return t.ambient + (1.12 - t.ambient) * max(0, 0.25 + 0.75 * facing)
  }

  private func skull(_ canvas: inout Canvas) {
    let reach = t.radii + 0.02
    let cheekY = t.eyeY + 0.27 + middle.y
    let nose = Point(middle.x * 1.25, t.eyeY + t.noseLength + middle.y)
    canvas.paint(-reach, reach, at: t.head) { p, pixel in
      let (distance, ball) = outline(p)
      let cover = coverage(distance, pixel)
      if cover <= 0 { return (0, t.skin) }
      var shade = light(ball)
      // The brow's ridge, the sockets of the eyes, the bridge and the ball of the nose, the chin.
      for side: Float in [-1, 1] {
        shade -= 0.1 * glow(p - eyeCentre(side), Point(0.2, 0.16))
      }
      let bridge = Point(mix(middle.x, nose.x, smoothstep(t.eyeY, nose.y, p.y)), nose.y - 0.12)
      let across = p.x - bridge.x
      let down = glow(Point(across * 0.2, p.y - bridge.y), Point(0.1, 0.26))
      shade += 0.09 * down * glow(Point(across, 0), Point(0.06, 1))
      shade -= 0.12 * down * glow(Point(across + 0.075 * (t.light.x > 0 ? 1 : -1), 0), Point(0.07, 1)) * abs(t.light.x)
      shade += 0.08 * glow(p - nose, Point(t.noseWidth, 0.08))
      shade -= 0.06 * glow(p - Point(middle.x, t.mouthY + 0.12 + middle.y), Point(0.16, 0.07))
      var colour = t.skin * shade
      for side: Float in [-1, 1] {
        let cheek = glow(p - Point(middle.x * 0.8 + side * 0.3, cheekY), Point(0.2, 0.16))
        colour += Colour(0.35, -0.35, -0.25, 0) * (t.blush * cheek)
      }
      if t.beard > 0 {
        // From the sideburns down under the cheeks and up to the moustache.
        let q = Point(p.x - 0.6 * middle.x, p.y - middle.y)
        let x = abs(q.x) / t.radii.x
        let cheek = glow(Point(x - 0.42, 0), Point(0.42, 1))
        let line = t.eyeY + t.noseLength + 0.09 + 0.14 * cheek - 0.4 * smoothstep(0.6, 0.95, x)
        let chin = 1 - 0.35 * glow(q - Point(0.4 * middle.x, t.mouthY + 0.09), Point(0.16, 0.07))
        colour = mix(colour, t.hair * (0.65 + 0.4 * shade), t.beard * smoothstep(line - 0.06, line + 0.07, q.y) * chin)
      }
      return (cover, colour)
    }
  }

  private func nose(_ canvas: inout Canvas) {
    let tip = Point(middle.x * 1.25, t.eyeY + t.noseLength + middle.y)
    let width = t.noseWidth
    let dark = t.skin * Colour(0.5, 0.4, 0.38, 1)
    // The underside, then the nostrils.
    canvas.paint(tip + Point(-width - 0.04, 0), tip + Point(width + 0.04, 0.1), at: t.head) { p, pixel in
      let u = (p.x - tip.x) / (width + 0.03)
      let top = tip.y + 0.045 - 0.03 * u * u
      return (0.4 * band(p.y, top, top + 0.035 * max(0, 1 - u * u), pixel), dark)
    }
    for side: Float in [-1, 1] {
      let radii = Point(0.026, 0.017)
      let centre = tip + Point(side * width * 0.55 * (1 - 0.3 * side * t.turn), 0.045)
      canvas.paint(centre - radii, centre + radii, at: t.head) { p, pixel in
        (0.85 * coverage(ellipse(p - centre, radii), pixel), dark)
      }
    }
  }

  // MARK: - Eyes

  @inline(__always) private func eyeCentre(_ side: Float) -> Point {
    // The side that the head turns to is seen at a slant.
    Point(middle.x + side * t.eyeSpacing * (1 - 0.16 * side * t.turn), t.eyeY + middle.y)
  }

  private func eyeHalfWidth(_ side: Float) -> Float { t.eyeWidth * (1 - 0.18 * side * t.turn) }

  private func eye(_ canvas: inout Canvas, _ side: Float) {
    let centre = eyeCentre(side)
    let halfWidth = eyeHalfWidth(side)
    // A smile lifts the lower lid.
    let upper = t.eyeOpening
    let lower = t.eyeOpening * (0.72 - 0.25 * max(0, t.smile))
    let pupil = t.gaze + Point(0.02 * t.turn, -0.004)
    let lidLight: Float = t.hairLength > 0.3 ? 0.5 : 0.8
    let lid = t.skin * Colour(0.3, 0.24, 0.24, 1) * lidLight
    let reach = Point(halfWidth + 0.03, t.eyeOpening + 0.07)
    canvas.paint(centre - reach, centre + reach, at: t.head) { p, pixel in
      let q = p - centre
      let u = q.x / halfWidth
      let y = q.y - side * t.eyeSlant * u
      let arch = max(0, 1 - u * u)
      let top = -upper * arch
      let open = band(y, top, lower * arch, pixel)
      var colour = Colour(0.95, 0.94, 0.93, 0) * (0.8 + 0.2 * t.ambient - 0.22 * smoothstep(0.02, -upper, y))
      let toPupil = q - pupil
      let distance = (toPupil * toPupil).sum().squareRoot()
      colour = mix(colour, t.iris * (0.65 + 0.7 * smoothstep(-0.05, 0.05, y)), coverage(distance - t.irisRadius, pixel))
      colour = mix(colour, Colour(0.03, 0.03, 0.03, 0), coverage(distance - 0.45 * t.irisRadius, pixel))
      let spark = toPupil - Point(0.35 * (t.light.x > 0 ? 1 : -1), -0.35) * t.irisRadius
      colour = mix(
        colour, Colour(1, 1, 1, 0), coverage((spark * spark).sum().squareRoot() - 0.3 * t.irisRadius, pixel))
      // The lashes, and the crease over them.
      let wide = max(0, 1 - 0.85 * u * u)
      let lashes = band(y, top - 0.034 * wide, top + 0.004, pixel) * (abs(u) < 1.12 ? 1 : 0)
      let all = max(open, lashes)
      if all <= 0 {
        let crease = band(y, -1.25 * upper * wide - 0.055, -1.25 * upper * wide - 0.03, pixel) * arch
        return (0.35 * crease, t.skin * 0.55)
      }
      return (all, mix(colour, lid, lashes / max(all, 1e-3)))
    }
  }

  private func brow(_ canvas: inout Canvas, _ side: Float) {
    let halfWidth = eyeHalfWidth(side) * 1.28
    let centre = eyeCentre(side) + Point(side * 0.015, -t.browHeight)
    let reach = Point(halfWidth, 0.14)
    let colour = mix(t.hair * 0.75, t.skin * 0.35, 0.3)
    canvas.paint(centre - reach, centre + reach, at: t.head) { p, pixel in
      let q = p - centre
      let u = side * q.x / halfWidth
      let line = -t.browArch * (1 - (u - 0.1) * (u - 0.1)) + side * t.browTilt * q.x / halfWidth
      let half = 0.5 * t.browThickness * max(0, 1 - u * u).squareRoot() * (1.15 - 0.4 * u)
      return (0.85 * band(q.y, line - half, line + half, pixel), colour)
    }
  }

  private func glasses(_ canvas: inout Canvas) {
    for side: Float in [-1, 1] {
      let centre = eyeCentre(side) + Point(0, 0.02)
      let radii = Point(eyeHalfWidth(side) + 0.075, 0.145)
      let reach = radii + 0.05
      canvas.paint(centre - reach, centre + reach, at: t.head) { p, pixel in
        let q = p - centre
        let ring = coverage(abs(ellipse(q, radii)) - 0.016, max(pixel, 0.03))
        let bridge = side * q.x < -radii.x ? band(q.y, -0.035, -0.005, pixel) : 0
        return (t.glasses * max(ring, bridge), t.glassesColour)
      }
    }
  }

  // MARK: - Mouth

  private func mouth(_ canvas: inout Canvas) {
    let centre = Point(middle.x, t.mouthY + middle.y)
    let halfWidth = t.mouthWidth * (1 + 0.18 * max(0, t.smile)) * (1 - 0.08 * abs(t.turn))
    let lift = 0.075 * t.smile
    let reach = Point(halfWidth, 0.2)
    let open = t.mouthOpening
    let inside = Colour(0.28, 0.07, 0.08, 0)
    let teeth = Colour(0.96, 0.95, 0.92, 0) * (0.75 + 0.25 * t.ambient)
    canvas.paint(centre - reach, centre + reach, at: t.head) { p, pixel in
      let q = p - centre
      let u = q.x / halfWidth
      let arch = max(0, 1 - u * u)
      // The line between the lips: its ends go up in a smile, and its middle down.
      let line = lift * (0.6 - 1.6 * u * u)
      let top = line - 0.35 * open * arch
      let bottom = line + 0.65 * open * arch
      let bow = 1 - 0.3 * glow(Point(u, 0), Point(0.25, 1))
      let lips = band(q.y, top - t.lips * 0.8 * arch.squareRoot() * bow, bottom + t.lips * 1.15 * arch, pixel)
      if lips <= 0 { return (0, t.lipColour) }
      let shade: Float = q.y > bottom ? 1.08 : 0.85
      var colour = t.lipColour * shade
      let gap = band(q.y, top, bottom, pixel)
      colour = mix(colour, mix(teeth, inside, smoothstep(0.45, 0.75, (q.y - top) / max(bottom - top, 1e-3))), gap)
      let seam = band(q.y, line - 0.012, line + 0.012, pixel) * (open > 0.02 ? 0 : 0.75) * arch.squareRoot()
      return (lips, mix(colour, t.lipColour * 0.4, seam))
    }
  }

  // MARK: - Hair

  private var isShort: Bool { t.hairLength < 0.2 && t.curl == 0 }

  /// The hair's outline: a dome over the head, straight sides below, rounded at the end.
  @inline(__always) private func hairOutline(_ p: Point) -> Float {
    let end: Float = t.hairLength > 0.3 ? 0.25 : 0.16
    let flare = 1 + t.hairFlare * smoothstep(0.2, 1, p.y)
    // Short hair lies close to the head towards the ears.
    let side = isShort ? t.hairSide - (t.hairSide + 0.03) * smoothstep(-0.5, 0.02, p.y) : t.hairSide
    let radii = Point((t.radii.x + side) * flare, p.y < 0 ? t.radii.y + t.hairTop : end)
    let y = p.y < 0 ? p.y : max(0, p.y - t.hairLength)
    return ellipse(Point(p.x, y), radii)
  }

  @inline(__always) private func curled(_ p: Point) -> Point {
    if t.curl == 0 { return p }
    let wave = Point(Elementary.sin(17 * p.y + t.curlPhase.x), Elementary.sin(19 * p.x + t.curlPhase.y))
    return p + 0.032 * t.curl * wave
  }

  @inline(__always) private func hairColour(_ p: Point) -> Colour {
    let ball = p / (t.radii + 0.2)
    let inside = (ball * ball).sum()
    let onBall = inside > 0.98 ? ball * (0.99 / inside.squareRoot()) : ball
    let strands = Elementary.sin(34 * p.x * (1.2 + 0.25 * p.y) + 5 * t.curlPhase.x)
    let shine = glow(p - Point(0.35 * t.light.x, -0.58), Point(0.5, 0.16))
    return t.hair * (light(onBall) * (0.88 + 0.1 * strands)) + Colour(0.16, 0.15, 0.13, 0) * shine
  }

  private func hairBehind(_ canvas: inout Canvas) {
    let reach = Point((t.radii.x + t.hairSide) * (1 + t.hairFlare) + 0.05, t.radii.y + t.hairTop + 0.05)
    if t.bun > 0 {
      let centre = Point(-0.1 * t.turn, -t.radii.y - 0.5 * t.bun)
      canvas.paint(centre - t.bun, centre + t.bun, at: t.head) { p, pixel in
        (coverage(ellipse(p - centre, Point(t.bun * 1.15, t.bun)), pixel), hairColour(p) * 0.9)
      }
    }
    guard t.hairDensity > 0, t.hairLength > 0.05 else { return }
    canvas.paint(Point(-reach.x, -reach.y), Point(reach.x, t.hairLength + 0.3), at: t.head) { p, pixel in
      let cover = coverage(hairOutline(curled(p)), pixel)
      return (cover, cover > 0 ? hairColour(p) * 0.62 : t.hair)
    }
  }

  private func hairInFront(_ canvas: inout Canvas) {
    guard t.hairDensity > 0 else { return }
    let reach = Point((t.radii.x + t.hairSide) * (1 + t.hairFlare) + 0.05, t.radii.y + t.hairTop + 0.05)
    // The opening for the face reaches from the hairline to far below the chin.
    let bottom: Float = 1.5
    let radii = Point(t.openingWidth, 0.5 * (bottom - t.hairline - 0.03 * t.pitch))
    let centre = Point(0.55 * middle.x + t.openingShift, t.hairline + 0.5 * middle.y + radii.y)
    let slant = Elementary.tan(t.openingTilt)
    // Short hair ends in sideburns, which taper.
    let taper: Float = isShort ? 0.16 : 0
    canvas.paint(Point(-reach.x, -reach.y), Point(reach.x, t.hairLength + 0.3), at: t.head) { p, pixel in
      let waved = curled(p)
      let outer = hairOutline(waved)
      if outer > pixel { return (0, t.hair) }
      // Tilted about the hairline's middle, so that a parting is a slanted top.
      let r = waved - Point(centre.x, t.hairline)
      let q = Point(r.x, r.y + slant * r.x * (1 - smoothstep(0, 0.6, r.y))) - Point(0, radii.y)
      // Two ellipses meet half-way down: only the top has a shape, the sides run straight down.
      let u = Point(q.x / (radii.x * (1 + taper * smoothstep(-0.4, 0.1, p.y))), min(0, q.y + 0.55) / (radii.y - 0.55))
      let round = (u * u).sum().squareRoot()
      let square = (u * u * u * u).sum().squareRoot().squareRoot()
      let opening = (mix(round, square, t.openingSquare) - 1) * 0.45
      let distance = max(outer, -opening)
      return (t.hairDensity * coverage(distance, pixel), hairColour(p))
    }
  }
}
