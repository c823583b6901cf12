"""Every claim of the five source reports, in their order, with what of ours it is compared with. Data only."""

from benchmarks.reporting.claims.accuracy import Change, KeptTop, PairAccuracy, Quality, RightForPeople
from benchmarks.reporting.claims.claim import Claim, Decided, Exceeds, NotComparable
from benchmarks.reporting.claims.cost import IndexingTime, PeakMemory, SearchTime
from benchmarks.reporting.claims.counts import FacesFound, PhotosToFind, SelfMatches

# Where to look for a figure, best place first: what the report used, then the nearest to it that is stored.
LFW = (("lfw", "full"), ("lfw", "standard"), ("lfw", "smoke"))
LFW_FIRST_250 = (("lfw", "first-250"), *LFW)
LFW_S3 = (("lfw", "s3-1508"), ("lfw", "standard"), ("lfw", "full"), ("lfw", "smoke"))
CIFAR10 = (("cifar10", "full"), ("cifar10", "standard"), ("cifar10", "smoke"))
IMDB_WIKI = (("imdb-wiki", "full"), ("imdb-wiki", "standard"), ("imdb-wiki", "smoke"))
CELEBS_10 = (("imdb-wiki", "celebs-10"), *IMDB_WIKI)
CELEBS_100 = (("imdb-wiki", "celebs-100"), *IMDB_WIKI)

ACCURACY = "kNN-vote@1"
"""What the reports call accuracy: does the nearest result name the label? (A classifier's: its prediction.)"""

R0 = (
    Claim(
        report="R0",
        systems=("cnn3",),
        says="accuracy 96%",
        values=(96,),
        unit="%",
        ours=(Quality("cnn3", LFW_FIRST_250, metric=ACCURACY),),
        because="Training accuracy: the network recites photos it was fitted on; ours asks for photos it never saw.",
        rule=NotComparable(),
    ),
    Claim(
        report="R0",
        systems=("cnn3",),
        says="out of memory with all 5,749 labels, so the first 250 only",
        ours=(PeakMemory("cnn3", LFW_FIRST_250),),
        because="The softmax layer alone is 107,648 × 5,749 = 619 M weights, 2.5 GB, and three times that under Adam.",
        rule=NotComparable(),
    ),
    Claim(
        report="R0",
        systems=("efficientnetv2l",),
        says="training efficiency 84%",
        values=(84,),
        unit="%",
        ours=(Quality("efficientnetv2l", LFW, metric=ACCURACY),),
        because="Somebody else's figure for the 1,000 object classes of ImageNet; never measured on faces.",
        rule=NotComparable(),
    ),
    Claim(
        report="R0",
        systems=("inceptionresnetv2", "cnn3"),
        says="an improvement of InceptionResNetV2 over the baseline, read from distances: 92–98 against 5,923–6,957",
        ours=(Change("inceptionresnetv2", LFW, against="cnn3", metric="mAP"),),
        because="Distances of two feature spaces share no unit; only what they rank first can be compared.",
        rule=Decided("above"),
    ),
    Claim(
        report="R0",
        systems=("cnn3", "inceptionresnetv2"),
        says="Carmen_Electra: 0 of 19 neighbours right, for both models",
        values=(0,),
        unit="of 19",
        ours=(
            RightForPeople("cnn3", LFW, k=19, people=("Carmen_Electra",)),
            RightForPeople("inceptionresnetv2", LFW, k=19, people=("Carmen_Electra",)),
        ),
        rule=Decided("holds", 0.0, on=(0, 1)),
        because="One query of ten, counted in the report's own output; InceptionResNetV2 was fed 0–255, not [-1, 1].",
    ),
    Claim(
        report="R0",
        systems=("cnn3", "inceptionresnetv2", "efficientnetv2l"),
        says="ten queries, 19 neighbours each shown; none counted",
        ours=(
            RightForPeople("cnn3", LFW, k=19),
            RightForPeople("inceptionresnetv2", LFW, k=19),
            RightForPeople("efficientnetv2l", LFW, k=19),
        ),
        because="The same ten queries, corrected: each is left out of its own gallery, and the right ones are counted.",
        rule=NotComparable(),
    ),
    Claim(
        report="R0",
        systems=("inceptionresnetv2", "cnn3"),
        says="the query's distance to itself is 5.7e-3 (of InceptionResNetV2; the baseline's is 0)",
        values=(5.7e-3,),
        unit="distance",
        ours=(SelfMatches("inceptionresnetv2", LFW), SelfMatches("cnn3", LFW)),
        because="Self-matches: the query was in the gallery (and of one model not even at 0). Ours are excluded by id.",
        rule=NotComparable(),
    ),
)

R1 = (
    Claim(
        report="R1",
        systems=("phash",),
        says="accuracy 10.29%, 1,000 samples",
        values=(10.29,),
        unit="%",
        ours=(
            Quality("phash", CIFAR10, metric=ACCURACY),
            Quality("phash", IMDB_WIKI, metric=ACCURACY),
            Quality("random", CIFAR10, metric=ACCURACY),
        ),
        because='Chance level (10% of ten classes), and "accuracy" is not defined; beside it the random ranking\'s.',
        rule=NotComparable(),
    ),
    Claim(
        report="R1",
        systems=("svm",),
        says="accuracy 3%, on which data set is not said",
        values=(3,),
        unit="%",
        ours=(
            Quality("svm", CIFAR10, metric=ACCURACY),
            Quality("svm-hog", CIFAR10, metric=ACCURACY),
            Quality("svm", IMDB_WIKI, metric=ACCURACY),
            Quality("svm-hog", IMDB_WIKI, metric=ACCURACY),
        ),
        because="Below chance: a mistake, no result. Kernel, C, features are unstated; ours: RBF on pixels and HOG.",
        rule=NotComparable(),
    ),
    Claim(
        report="R1",
        systems=("sift",),
        says="accuracy 33.64%",
        values=(33.64,),
        unit="%",
        ours=(
            Quality("sift", CIFAR10, metric=ACCURACY),
            Quality("sift", IMDB_WIKI, metric=ACCURACY),
            Quality("sift-ransac", IMDB_WIKI, metric=ACCURACY),
            Quality("sift-mean-distance", IMDB_WIKI, metric=ACCURACY),
        ),
        because="How distances become one score is unstated; ours: ratio-test matches, RANSAC inliers, mean distance.",
        rule=NotComparable(),
    ),
    Claim(
        report="R1",
        systems=("cnn4",),
        says="no figure: the network that the next rows build on, pre-trained on CIFAR-10",
        ours=(Quality("cnn4-softmax", CIFAR10, metric=ACCURACY), Quality("cnn4-embedding", CIFAR10, metric=ACCURACY)),
        because="Nothing was reported to compare with.",
        rule=NotComparable(),
    ),
    Claim(
        report="R1",
        systems=("cnn4-embedding", "cnn4-siftcrop"),
        says="accuracy 67–70%",
        values=(67, 70),
        unit="%",
        ours=(
            Quality("cnn4-embedding", CELEBS_10, metric=ACCURACY),
            Quality("cnn4-siftcrop", CELEBS_10, metric=ACCURACY),
            PairAccuracy("cnn4-embedding", LFW),
            PairAccuracy("cnn4-siftcrop", LFW),
        ),
        because='A decision on pairs ("predicting if the two images were similar"), chance 50%; pairs unknown.',
        rule=NotComparable(),
    ),
    Claim(
        report="R1",
        systems=("cnn4-softmax",),
        says="accuracy 74%, 10 celebrities, 200 epochs",
        values=(74,),
        unit="%",
        ours=(Quality("cnn4-softmax", CELEBS_10, metric=ACCURACY),),
        because="Trained on 200,000 images, split at random; ours on a gallery of 450, never on a query.",
        rule=NotComparable(),
    ),
    Claim(
        report="R1",
        systems=("inceptionv3",),
        says="no figure: ImageNet weights, frozen",
        ours=(Quality("inceptionv3", CELEBS_100, metric=ACCURACY),),
        because="Nothing was reported to compare with.",
        rule=NotComparable(),
    ),
    Claim(
        report="R1",
        systems=("inceptionv3-trained",),
        says="accuracy 82%, about 100 celebrities, 100–120 epochs",
        values=(82,),
        unit="%",
        ours=(Quality("inceptionv3-trained", CELEBS_100, metric=ACCURACY),),
        because="Read from training curves, images split at random; ours learns from the gallery, never from a query.",
        rule=NotComparable(),
    ),
)

R2 = (
    Claim(
        report="R2",
        systems=("resnet50-balltree",),
        says="results are primarily visually similar, secondarily the same person",
        ours=(
            Quality("resnet50-balltree", LFW, metric="hit@1"),
            RightForPeople("resnet50-balltree", LFW, k=20),
            Quality("resnet50-balltree", LFW, task="robustness", metric="hit@1"),
        ),
        rule=Exceeds(more=2, less=0),
        because="Judged by eye and mixing two kinds of right: the same person, and the same picture (robustness).",
    ),
    Claim(
        report="R2",
        systems=("resnet50-1500-pca", "resnet50-1500-truncated"),
        says="1,500 dimensions: no improvement",
        ours=(
            Change("resnet50-1500-pca", LFW, against="resnet50-balltree", metric="mAP"),
            Change("resnet50-1500-truncated", LFW, against="resnet50-balltree", metric="mAP"),
        ),
        rule=Decided("not above", on=(0, 1)),
        because="Judged by eye; how 2,048 became 1,500 is unstated; ours: PCA (at most an axis an image), truncation.",
    ),
    Claim(
        report="R2",
        systems=("resnet50-1000-pca", "resnet50-512-pca", "resnet50-256-pca", "resnet50-128-pca"),
        says="under 1,000 dimensions degrades",
        ours=tuple(
            Change(f"resnet50-{dimensions}-pca", LFW, against="resnet50-balltree", metric="mAP")
            for dimensions in (1000, 512, 256, 128)
        ),
        because="Judged by eye; under 1,000 are the last three. A difference whose interval holds 0 is none.",
        rule=Decided("below", on=(1, 2, 3)),
    ),
    Claim(
        report="R2",
        systems=("resnet101-adamax", "resnet101", "resnet50-balltree"),
        says="ResNet101 with Adamax and batch 16 instead of 64, beside ResNet50; no figure",
        ours=(
            Change("resnet101-adamax", LFW, against="resnet50-balltree", metric="mAP"),
            Change("resnet101", LFW, against="resnet50-balltree", metric="mAP"),
            Change("resnet101-adamax", LFW, against="resnet101", metric="mAP"),
        ),
        because="Network and optimiser change at once; and no optimiser changes frozen features.",
        rule=NotComparable(),
    ),
)

R3 = (
    Claim(
        report="R3",
        systems=("vgg16-fc1",),
        says="features of 1,508 images in 86 s on a GPU (57 ms per image)",
        values=(57,),
        unit="ms",
        ours=(IndexingTime("vgg16-fc1", LFW_S3),),
        because="The log of the same run shows a CPU and ten times as long (next row).",
        rule=NotComparable(),
    ),
    Claim(
        report="R3",
        systems=("vgg16-fc1",),
        says="features in 888 s on a CPU: 589 ms per image, by its own log",
        values=(589,),
        unit="ms",
        ours=(IndexingTime("vgg16-fc1", LFW_S3), SearchTime("vgg16-fc1", LFW_S3, stage="encode")),
        because="Another machine, and images one at a time; ours are indexed in batches.",
        rule=NotComparable(),
    ),
    Claim(
        report="R3",
        systems=("vgg16-fc1",),
        says="search 1.57 s, brute-force L2 in numpy",
        values=(1570,),
        unit="ms",
        ours=(SearchTime("vgg16-fc1", LFW_S3), SearchTime("vgg16-fc1", LFW_S3, stage="total")),
        because="Timer scope: it includes drawing the 25 pictures found.",
        rule=NotComparable(),
    ),
    Claim(
        report="R3",
        systems=("vgg16-fc1-sklearn",),
        says="search 1.06 s with scikit-learn",
        values=(1060,),
        unit="ms",
        ours=(SearchTime("vgg16-fc1-sklearn", LFW_S3), SearchTime("vgg16-fc1-sklearn", LFW_S3, stage="total")),
        because="Timer scope: fitting the index, a Python loop and drawing are in it; and another machine.",
        rule=NotComparable(),
    ),
    Claim(
        report="R3",
        systems=("vgg16-pca700-cosine", "vgg16-pca400-cosine"),
        says="search 3.7 s after PCA to 700 (its code: 400), cosine",
        values=(3700,),
        unit="ms",
        ours=(
            SearchTime("vgg16-pca700-cosine", LFW_S3),
            SearchTime("vgg16-pca400-cosine", LFW_S3),
            Change("vgg16-pca700-cosine", LFW_S3, against="vgg16-fc1", metric="mAP"),
            Change("vgg16-pca400-cosine", LFW_S3, against="vgg16-fc1", metric="mAP"),
        ),
        because="Timer scope: fitting, a Python loop, drawing. Its PCA was fitted on the query too; ours not.",
        rule=NotComparable(),
    ),
    Claim(
        report="R3",
        systems=("mtcnn-facenet",),
        says="MTCNN over the images in 1,808 s: 1.25 s an image",
        values=(1250,),
        unit="ms",
        ours=(SearchTime("mtcnn-facenet", LFW_S3, stage="detect"), IndexingTime("mtcnn-facenet", LFW_S3)),
        because="Another machine, single images. 1.25 s are 1,881 s (its notebook) over 1,508; 1,808 s are 1.20.",
        rule=NotComparable(),
    ),
    Claim(
        report="R3",
        systems=("mtcnn-facenet", "mtcnn-facenet-128"),
        says="FaceNet over the faces in 2,148 s: 149 ms a face",
        values=(149,),
        unit="ms",
        ours=(
            SearchTime("mtcnn-facenet-128", LFW_S3, stage="encode"),
            SearchTime("mtcnn-facenet", LFW_S3, stage="encode"),
        ),
        because="Timer scope: MTCNN's 1,881 s (its notebook) are in it; the rest is 149 ms for each of 1,798 faces.",
        rule=NotComparable(),
    ),
    Claim(
        report="R3",
        systems=("mtcnn-facenet",),
        says="1,798 faces in 1,508 images",
        values=(1798,),
        unit="faces",
        ours=(FacesFound("mtcnn-facenet", LFW_S3),),
        because="Every face of a photo, passers-by included; ours is one an image: the large one near the centre.",
        rule=NotComparable(),
    ),
    Claim(
        report="R3",
        systems=("mtcnn-facenet", "mtcnn-facenet-128"),
        says="search 1.3 s",
        values=(1300,),
        unit="ms",
        ours=(
            SearchTime("mtcnn-facenet-128", LFW_S3),
            SearchTime("mtcnn-facenet", LFW_S3),
            SearchTime("mtcnn-facenet", LFW_S3, stage="total"),
        ),
        because="Timer scope: it includes drawing the 25 pictures found.",
        rule=NotComparable(),
    ),
    Claim(
        report="R3",
        systems=("vgg16-fc1", "mtcnn-facenet"),
        says="the demonstration searches for Ahmed_Ghazi",
        ours=(PhotosToFind("random", LFW_S3, person="Ahmed_Ghazi"),),
        because="He has a single photo in LFW: there is nothing to find, and whatever comes first is wrong.",
        rule=NotComparable(),
    ),
    Claim(
        report="R3",
        systems=("vgg16-fc1", "mtcnn-facenet", "mtcnn-facenet-128"),
        says="no accuracy: times only",
        ours=(
            Quality("vgg16-fc1", LFW_S3, metric="hit@1"),
            Quality("mtcnn-facenet-128", LFW_S3, metric="hit@1"),
            Quality("mtcnn-facenet", LFW_S3, metric="hit@1"),
        ),
        because="Nothing was reported to compare with; 187 of its 637 people have a second photo to find.",
        rule=NotComparable(),
    ),
)

R4 = (
    Claim(
        report="R4",
        systems=("resnet50-8192-kmeans",),
        says="baseline, KMeans with K=6, then neighbours in the query's cluster, 20 results: 1 image of the person",
        values=(1,),
        unit="right",
        ours=(
            KeptTop("resnet50-8192-kmeans", LFW, exact="resnet50-8192"),
            RightForPeople("resnet50-8192-kmeans", LFW, k=20),
            SearchTime("resnet50-8192-kmeans", LFW),
            SearchTime("resnet50-8192", LFW),
        ),
        because="An inverted file with nlist 6 and nprobe 1: it can only lose recall to exact search, for speed.",
        rule=Decided("holds", 1.0, on=(1,)),
    ),
    Claim(
        report="R4",
        systems=("mtcnn-facenet-kmeans",),
        says="the same over FaceNet vectors, 20 results: for all ten queries all images of the person come back",
        values=(5,),
        unit="right",
        ours=(
            KeptTop("mtcnn-facenet-kmeans", LFW, exact="mtcnn-facenet"),
            RightForPeople("mtcnn-facenet-kmeans", LFW, k=20),
            SearchTime("mtcnn-facenet-kmeans", LFW),
            SearchTime("mtcnn-facenet", LFW),
        ),
        because="Each person has five more photos. The index leaves out what lies in another cluster.",
        rule=Decided("reaches", 5.0, on=(1,)),
    ),
)

CLAIMS: tuple[Claim, ...] = (*R0, *R1, *R2, *R3, *R4)
