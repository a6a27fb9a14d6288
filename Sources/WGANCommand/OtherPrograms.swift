// What other trainers of GANs call things: PyTorch's DCGAN example, the WGAN authors' code, stylegan3, lightweight-gan
// and what many scripts have. Who comes from there is told our flag, or why there is none.

import CommandSupport
import WGAN

enum OtherPrograms {
  static let names = OtherNames(
    flags: flags, reasons: reasons, commands: commands, flagsOfValues: ["run", "data", "out"],
    flagsOfFolders: ["run"], flagsOfTimes: [LengthParameters.declared.time.name.flag],
    unitsOfTime: TimeSpan.unitNames)

  private static let flags: [String: [String]] = table([
    (["data"], "dataset dataroot data-dir data-path data-root datadir train-dir input images image-dir folder path in"),
    (
      ["out", "grid"],
      """
      output output-dir output-folder output-file output-path outdir outf outfile results-dir results models-dir \
      log-dir logdir save-dir save-path experiment exp exp-dir name run-dir workspace destination dest o
      """
    ),
    (["out"], "run"),
    (["run", "checkpoint", "out"], "run-dir run-folder model-dir experiment exp r"),
    (
      ["checkpoint", "init-generator", "generator", "run"],
      "ckpt ckpt-path weights weights-path pretrained load load-from model model-path network pkl snapshot pth"
    ),
    (["init-generator", "generator"], "netg net-g g generator-weights"),
    (["init-critic"], "netd net-d d critic-weights discriminator"),
    (["size", "upscale"], "image-size img-size imgsize imagesize resolution res image-resolution resize width height"),
    (["batch-size"], "batch bs b batchsize batch-gpu mini-batch mini-batch-size minibatch train-batch-size"),
    (
      ["channels"],
      "nc img-channels image-channels color-channels num-channels n-channels colors grayscale greyscale gray"
    ),
    (["latent"], "nz z-dim zdim latent-dim latent-size latent-vector noise-dim noise-size z nz-dim"),
    (
      ["features"],
      "network-capacity capacity width-multiplier fmap-max fmap-base cbase cmax nf base-channels dim hidden"
    ),
    (["generator-features", "features"], "ngf gf-dim g-channels"),
    (["critic-features", "features"], "ndf df-dim d-channels"),
    (["extra-layers"], "n-extra-layers depth num-layers"),
    (["learning-rate"], "lr rate alpha l-rate"),
    (["critic-learning-rate"], "lrd lr-d d-lr dlr lr-critic ttur-mult"),
    (["generator-learning-rate"], "lrg lr-g g-lr glr lr-generator"),
    (["adam-beta1"], "beta1 b1 beta-1 betas"), (["adam-beta2"], "beta2 b2 beta-2"),
    (["optimizer"], "adam opt optim optimiser rmsprop"), (["decay"], "lr-decay lr-schedule scheduler lr-scheduler"),
    (
      ["generator-steps", "frames"],
      "steps step num-train-steps train-steps max-steps iterations iters iter num-iterations n-iter max-iter num-steps"
    ), (["epochs"], "niter epoch num-epochs n-epochs nepoch nepochs max-epochs e"),
    (["for", "generator-steps"], "time duration kimg max-time hours minutes"),
    (["critic-steps"], "n-critic ncritic diters d-iters critic-iters disc-iters d-steps n-dis"),
    (["penalty-weight"], "gamma lambda-gp gp-weight gp lambda r1-gamma gradient-penalty penalty gp-lambda lambda-term"),
    (["clip"], "clip-value weight-clip clamp weight-cliping-limit c"), (["clip-lower"], "clamp-lower"),
    (["clip-upper"], "clamp-upper"), (["no-batch-norm"], "nobn no-bn"),
    (["generator-net"], "mlp-g g-arch"), (["critic-net"], "mlp-d d-arch arch"),
    (["objective"], "loss gan-mode gan-type mode criterion"), (["ema"], "ema-decay ema-beta ema-kimg ema-rate"),
    (["seed"], "manual-seed random-seed rng-seed s"),
    (["augment"], "aug aug-types aug-prob augmentation augmentations augpipe diffaug policy dataset-aug-prob"),
    (["mirror"], "flip hflip horizontal-flip random-flip xflip"),
    (["threads"], "num-threads nthreads n-threads jobs j cores cpus num-cpus"),
    (["sample-every"], "sample-interval sample-freq samples-every image-snap save-image-every display-interval tick"),
    (
      ["checkpoint-every"],
      "save-every save-interval snap snapshot-interval network-snapshot-ticks ckpt-interval save-freq"
    ), (["evaluate-every"], "calculate-fid-every eval-every eval-interval validation-interval metrics fid"),
    (["held-out"], "val-split validation-split test-split val-fraction validation"),
    (["preset"], "cfg recipe profile"), (["config"], "config-file conf yaml settings opts"),
    (["resume"], "continue continue-train restart restore resume-from"), (["dry-run"], "n check plan summary test"),
    (["begin-anew"], "new overwrite fresh"), (["precision"], "amp fp16 bf16 half mixed-precision dtype fp32"),
    (["tensorboard"], "tb tensorboard-dir"), (["json"], "log-format machine-readable"), (["quiet"], "silent q"),
    (["verbose"], "v debug log-level"),
    (
      ["count", "rows"],
      "count num n number num-images num-samples n-samples nsamples samples images num-pictures count-images"
    ),
    (["truncation"], "trunc trunc-psi psi"), (["columns"], "cols nrow ncol ncols grid-width num-image-tiles grid-size"),
    (["seeds"], "seed-list start-seed"), (["fps"], "frame-rate framerate rate"),
    (["frames"], "num-frames n-frames w-frames interpolation-num-steps"), (["net"], "network which"),
    (["neighbours"], "neighbors nearest nn"), (["force"], "f overwrite yes y"),
  ])

  private static let reasons: [String: String] = table([
    (
      "wgan computes on the processor, with all of its cores (--threads), and needs no graphics card",
      "gpu gpus gpu-id gpu-ids ngpu num-gpus device devices cuda no-cuda cpu mps accel multi-gpus use-cuda local-rank"
    ),
    (
      "pictures are prepared by threads of their own while steps are computed: there is nothing to set",
      "workers num-workers nworkers n-workers n-cpu data-workers prefetch pin-memory"
    ),
    (
      "the pictures' file names are all that is taken of a folder: there are no classes to learn",
      "classes class cond conditional labels num-classes class-idx"
    ), ("a batch is computed at once: give a larger --batch-size", "gradient-accumulate-every accumulate grad-accum"),
    (
      "the nets are plain DCGANs: they have no such part",
      """
      attn-res-layers attn-layers freq-chan-attn disc-output-size antialias fq-layers fq-dict-size no-const lr-mlp \
      map-depth mbstd-group style-mixing-prob mixing-prob noise-mode pl-weight dual-contrast-loss cl-reg dropout
      """
    ),
    (
      "transparent pictures are laid on white and learned as colour: --channels is 3 or 1",
      "transparent alpha-channel rgba"
    ),
    (
      "the optimizers have no such setting: --learning-rate and --decay are theirs", "weight-decay momentum eps epsilon"
    ),
    (
      "--evaluate-every writes distances to metrics.csv, and 'wgan evaluate' measures a run; neither is FID",
      "fid-every num-fid-images calculate-fid-num-images clear-fid-cache inception"
    ),
    (
      "nothing is sent anywhere: 'wgan watch' shows a run here, --tensorboard writes its files",
      "wandb comet mlflow neptune"
    ),
    ("it is always shown: --quiet turns it off", "progress show-progress"),
    ("'wgan generate --run RUN' draws pictures of a run", "generate sample generate-types"),
    ("'wgan walk --run RUN --seeds 1,5,9' makes one of a run", "generate-interpolation interpolate interpolation"),
  ])

  private static let commands: [String: String] = {
    var result: [String: String] = [:]
    let lines: [(String, String)] = [
      ("train", "fit learn run start"), ("train --resume --out RUN", "resume continue"),
      ("generate", "sample draw infer inference predict gen images"), ("walk", "interpolate interpolation morph"),
      ("evaluate", "test metrics fid validate score"), ("export", "convert save onnx"),
      ("timelapse", "video film movie gif animate"), ("inspect", "info summary show params model"),
      ("watch", "serve dashboard ui web monitor view"), ("data scan", "scan dataset count"),
      ("data preview", "preview"), ("data list", "list ls"), ("--version", "version"),
    ]
    for (command, others) in lines { for other in others.split(separator: " ") { result[String(other)] = command } }
    return result
  }()

  /// - Parameter lines: what is ours, and what others call it, between spaces. What two lines have has both.
  private static func table(_ lines: [([String], String)]) -> [String: [String]] {
    var result: [String: [String]] = [:]
    for (ours, others) in lines {
      for other in others.split(separator: " ") { result[String(other), default: []] += ours }
    }
    return result
  }

  private static func table(_ lines: [(String, String)]) -> [String: String] {
    var result: [String: String] = [:]
    for (reason, others) in lines { for other in others.split(separator: " ") { result[String(other)] = reason } }
    return result
  }
}
