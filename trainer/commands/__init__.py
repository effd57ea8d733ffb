"""The commands of `ostwald-trainer`, one file a group; `trainer.cli` lists them."""
