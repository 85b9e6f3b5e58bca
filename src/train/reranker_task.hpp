// Training joint layers on groups: which numbers a step reads, and how good the model is on groups held out.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "attune/embed.hpp"
#include "attune/model/joint.hpp"
#include "attune/train/batches.hpp"

#include "train/calibrate.hpp"
#include "train/joint_layers.hpp"
#include "train/passage_states.hpp"
#include "train/reranker_loss.hpp"
#include "train/training_loop.hpp"

namespace attune::train {

// One source of groups with what the lower layers say of its passages.
struct RerankerSource {
  GroupSet set;
  PassageStates states;
  double weight = 1;
  bool labelled = true;  // false: nobody judged, its grades say nothing and only teachers are learned from
  AugmentOptions augment = {};
};

struct RerankerTaskOptions {
  RerankerLoss loss;
  EpochOptions epoch;
  std::size_t easy = 1;  // PresentOptions::easy
  double dropout = 0;
  double head_rate = 200;      // of the new head's learning rate to that of the layers, which were trained before
  double gate_rate = 10;       // that of late interaction's gate
  std::size_t max_tokens = 0;  // StatesWanted::max_tokens
  std::size_t lanes = 2;
  int threads = 0;
  std::size_t measured_groups = 200;
  std::size_t measured_passages = 12;
  bool best_by_loss = false;  // the measure is the loss with its sign turned
};

// Names of the mean loss and nDCG of held-out groups among Measurement::numbers.
inline constexpr const char* kHeldOutLoss = "loss";
inline constexpr const char* kHeldOutNdcg = "nDCG@10";

class RerankerTask final : public Task {
 public:
  // `embedder` is called from several threads at once: it should use one itself. All must outlive the task.
  RerankerTask(const Embedder& embedder, const JointModel& start, std::span<const RerankerSource> sources,
               const RerankerTaskOptions& options);

  [[nodiscard]] std::vector<float> first_weights() const override { return start_.weights; }
  [[nodiscard]] std::vector<WeightGroup> weight_groups() const override;
  void use(std::span<const float> weights) override;
  Result<LaneResult> run_lane(std::uint64_t step, std::size_t lane, std::span<float> gradient) override;
  Result<Measurement> measure() override;
  // What measure() gives: kHeldOutNdcg, or kHeldOutLoss with its sign turned.
  [[nodiscard]] std::string measured_by() const;
  // The held-out groups' scores under the weights in use, each labelled source with the same weight.
  Result<std::vector<JudgedScore>> judge_held_out();

 private:
  // A group as the layers read it.
  struct Prepared {
    PresentedGroup group;
    std::vector<float> query;                  // [N, W]
    std::vector<std::vector<float>> passages;  // each [M, W]
    std::vector<float> cosines;
  };
  struct Plan {
    std::uint64_t first_step = 1;
    std::uint64_t epoch = 0;
    std::vector<std::vector<GroupPlace>> steps;
  };

  [[nodiscard]] std::shared_ptr<const Plan> plan_of(std::uint64_t step);
  Result<std::vector<Prepared>> prepare(std::span<const GroupPlace> places, bool measuring) const;
  // Scores the groups as they are measured, side by side; `take` is called once for each, from several threads.
  using ScoredGroupSink =
      std::function<void(std::size_t index, const PresentedGroup& group, std::span<const float> cosines,
                         std::span<const float> scores, double loss)>;
  Status score_groups(std::span<const GroupPlace> places, const ScoredGroupSink& take) const;
  // Scores of one group to `scores`; its loss.
  double run_group(const Prepared& group, const GroupPlace& place, const LayerDropout& dropout, JointPass& pass,
                   std::span<float> gradient, std::vector<float>& scores) const;

  const Embedder& embedder_;
  const JointModel& start_;
  std::span<const RerankerSource> sources_;
  RerankerTaskOptions options_;
  std::vector<WeightedSet> sets_;
  std::vector<float> weights_;
  TrainableJoint packed_;
  std::vector<JointPass> passes_;  // one for each lane
  std::mutex plan_mutex_;
  std::shared_ptr<const Plan> plan_;
};

}  // namespace attune::train
