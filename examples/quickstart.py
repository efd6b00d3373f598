"""Ten lines: a treebank, a classifier, its score, one labelled tree, the model in a file and back."""

import fastbpts as fb

bank = fb.demo_treebank("sentiment", n_trees=2500)  # or fb.read_ptb("train.txt")
train, dev = bank[:2000], bank[2000:]
clf = fb.TreeClassifier(cell="rntn", n_state=16, optimizer="adam", learning_rate=5e-3, schedule="cosine", max_norm=1.0)
clf.fit(train, dev=dev)
print(f"accuracy on trees not seen: {clf.score(dev):.3f} at the root, {clf.score_nodes(dev):.3f} over all nodes")
print(dev[0].to_ptb(clf.predict_nodes(dev[:1])[0]))
clf.save("demo.safetensors")
print(fb.load("demo.safetensors").predict(["(0 (0 (0 the) (0 plot)) (0 (0 is) (0 (0 not) (0 awful))))"]))
