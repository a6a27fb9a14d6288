// What `wgan evaluate` prints.

import CommandSupport
import Evaluation
import SystemSupport
import WGAN

enum EvaluationText {
  /// One generator, with what the figures are.
  static func text(of judgement: GeneratorJudgement, _ evaluation: GeneratorEvaluation) -> String {
    let steps = judgement.generatorSteps.map { ", \(grouped($0)) generator steps" } ?? ""
    var table = TextTable(["scale", "distance", "", "real", "contrast"])
    for (scale, floor) in zip(judgement.distances, evaluation.floor) {
      table.add([
        "\(scale.size)x\(scale.size)", fixed(scale.distance, 2), error(scale.standardError), fixed(floor.distance, 2),
        fixed(scale.contrast, 2),
      ])
    }
    table.add([
      "mean", fixed(judgement.distances.mean, 2), error(judgement.distances.standardError),
      fixed(evaluation.floor.mean, 2),
    ])
    return
      ([judgement.path + steps, heading(evaluation), "", table.text, ""] + legend(evaluation)
      + neighbours(judgement, evaluation)).joined(separator: "\n")
  }

  /// Several generators, a line each, and what real pictures get.
  static func table(of judgements: [GeneratorJudgement], _ evaluation: GeneratorEvaluation) -> String {
    let sizes = evaluation.floor.map { "\($0.size)x\($0.size)" }
    var table = TextTable(["generator steps", "mean", ""] + sizes + ["contrast", "duplicates", "copies"])
    for judgement in judgements {
      let distances = judgement.distances
      table.add(
        [
          judgement.generatorSteps.map(grouped) ?? judgement.path, fixed(distances.mean, 2),
          error(distances.standardError),
        ] + distances.map { fixed($0.distance, 2) } + [
          fixed(distances[0].contrast, 2), percent(judgement.duplicates?.near), percent(judgement.copies?.near),
        ])
    }
    let last = judgements.last
    table.add(
      ["real pictures", fixed(evaluation.floor.mean, 2), error(evaluation.floor.standardError)]
        + evaluation.floor.map { fixed($0.distance, 2) } + [
          fixed(evaluation.floor[0].contrast, 2), percent(last?.duplicates?.normalNear),
          percent(last?.copies?.normalNear),
        ])
    return ([heading(evaluation), "", table.text, ""] + legend(evaluation)).joined(separator: "\n")
  }

  /// What a sheet of nearest pictures shows.
  static func sheet(_ evaluation: GeneratorEvaluation, _ path: String) -> String {
    let pictures = evaluation.pictures
    return """

      in pairs of rows: samples, below each its nearest \(pictures.knownWords);
      the first samples, then those that are nearest of all;
      then the same of \(pictures.words), which says what is normal:
      \(path)
      """
  }

  private static func heading(_ evaluation: GeneratorEvaluation) -> String {
    let pictures = evaluation.pictures
    return "\(grouped(pictures.count)) samples beside \(grouped(pictures.count)) \(pictures.words) of \(pictures.name)"
  }

  private static func legend(_ evaluation: GeneratorEvaluation) -> [String] {
    let pictures = evaluation.pictures
    let others = pictures.kind == .heldOut ? "training pictures" : "other \(pictures.words)"
    let few = pictures.count < enough
    return [
      few ? "these are few pictures: differences of some points mean nothing, and less than real is chance" : nil,
      "distance: the sliced Wasserstein distance x 1000 and its standard error; less is better.",
      "real: what \(grouped(pictures.count)) \(others) get, as a perfect generator would.",
      "contrast: samples' over real pictures'; the distance doesn't see it. 1 is right.",
    ].compactMap(\.self)
  }

  /// Of fewer pictures the distance's floor itself is above what recipes differ by.
  private static let enough = 500

  private static func neighbours(_ judgement: GeneratorJudgement, _ evaluation: GeneratorEvaluation) -> [String] {
    let pictures = evaluation.pictures
    var lines = [""]
    if let duplicates = judgement.duplicates {
      lines.append(
        "near-duplicates: \(percent(duplicates.near)) of the samples are nearly the same as another one "
          + "(\(percent(duplicates.normalNear)) of real pictures)")
    }
    if let copies = judgement.copies {
      lines += [
        "copies: \(percent(copies.near)) of the samples are nearly the same as a \(pictures.knownWords) "
          + "(\(percent(copies.normalNear)) of \(pictures.words))",
        "from the nearest \(pictures.knownWords) samples are \(fixed(copies.median, 1)) levels away, "
          + "\(pictures.words) \(fixed(copies.normalMedian, 1)) (medians)",
        copies.isCopying
          ? "so it copies: look at --neighbours, and train with more pictures, for less long, or with --augment"
          : "so it doesn't copy: \(pictures.words) are as near",
      ]
    }
    return lines
  }

  private static func error(_ value: Double?) -> String { value.map { "± \(fixed($0, 2))" } ?? "" }
  private static func percent(_ share: Double?) -> String { share.map { fixed(100 * $0, 1) + " %" } ?? "" }
}
