"""Networks: written out by hand, layer by layer, and as data, in the words of convkit.nn.

By hand, as in CS231n: cnn (ThreeLayerConvNet), fc_net (TwoLayerNet, FullyConnectedNet).
As data: lenet (lenet5), keras_cnn, lecture_cnn, autoencoder, alexnet, vgg, resnet (resnet, se_resnet), cifar_resnet
(cifar_resnet, se_cifar_resnet), mobilenet (mobilenet_v1). Their functions return the network, and a model gives it
parameters: Classifier(lenet5(), (1, 28, 28)).
History: perceptron (Perceptron, Adaline).
"""
